"""A command-line session that answers from a table, and what tests say to a Huawei switch and hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.errors import CollectError

RUNNING, STARTUP = "display current-configuration", "display saved-configuration"
VERSION = "VRP (R) software, Version 5.170 (S5735 V200R021C10SPC600)\nHUAWEI S5735 Routing Switch uptime is 1 day\n"


@dataclass
class FakeSession:
    """Answers from a table; an error in it is raised."""

    answers: Mapping[str, str | CollectError]
    sent: list[str] = field(default_factory=list)
    closed: int = 0

    def run(self, command: str) -> str:
        self.sent.append(command)
        answer = self.answers[command]
        if isinstance(answer, CollectError):
            raise answer
        return answer

    def close(self) -> None:
        self.closed += 1

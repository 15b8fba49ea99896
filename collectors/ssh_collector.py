"""Read a device over SSH: one login, all commands of its profile, whatever could be had of them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors import cli_parse, ssh
from collectors.errors import AuthFailed, CollectError, Unsent, Unsupported
from collectors.model import CliSession, Cost, Device, Failure, Reading
from collectors.profiles.rules import Cli, FieldSource, Profile
from collectors.ssh import OpenSsh


class SshCollector:
    """A Collector of model.py. `open_ssh` logs in, and blocks: it runs in a thread."""

    protocol = "ssh"

    def __init__(self, open_ssh: OpenSsh = ssh.open_session) -> None:
        self._open_ssh = open_ssh

    def wants(self, device: Device) -> bool:
        """Say whether the inventory gives SSH access."""
        return device.ssh is not None

    async def read(self, device: Device, profile: Profile) -> Reading:
        """Run the profile's commands; a profile without any is an empty Reading, and no login."""
        if profile.cli is None or not profile.cli.commands:
            return Reading()
        return await asyncio.to_thread(self._read, device, _needed(profile.cli, device), _fixed(profile))

    def _read(self, device: Device, cli: Cli, fixed: Mapping[str, str]) -> Reading:
        started = time.monotonic()
        try:
            session = self._open_ssh(device, cli)
        except CollectError as error:
            expected = cli_parse.expected(cli)
            refused = isinstance(error, AuthFailed) and not isinstance(error, Unsent)
            return Reading(
                failures=(Failure.of("ssh", "login", error, expected),),
                expected=expected,
                answered=refused,
                cost=Cost(seconds=time.monotonic() - started),
            )
        try:
            asked = _ask(session, cli)
        finally:
            session.close()
        parsed = cli_parse.parse(cli, asked.outputs, asked.lacking)
        return Reading(
            samples=parsed.samples,
            facts={**fixed, **parsed.facts},
            failures=(*asked.failures, *parsed.failures),
            expected=parsed.expected,
            answered=True,
            cost=Cost(commands=tuple(session.sent), seconds=time.monotonic() - started),
        )


def expected(profile: Profile, device: Device) -> frozenset[str]:
    """Return the sample names that a device's profile can produce over SSH."""
    return cli_parse.expected(_needed(profile.cli, device)) if profile.cli else frozenset()


def _needed(cli: Cli, device: Device) -> Cli:
    """Return the commands that tell of a device what no other protocol does."""
    if device.snmp is None:
        return cli
    return cli.model_copy(update={"commands": [each for each in cli.commands if not each.without_snmp]})


def _fixed(profile: Profile) -> dict[str, str]:
    """Return the facts that are the same for all devices of a profile: the vendor."""
    fixed: dict[str, str] = {}
    for fact, source in profile.metadata.device.fields.items():
        each: FieldSource | None = source
        while each is not None and not each.value:
            each = each.fallback
        if each is not None and each.value:
            fixed[fact] = each.value
    return fixed


@dataclass(slots=True)
class _Asked:
    outputs: dict[str, str] = field(default_factory=dict)  # by command line
    failures: list[Failure] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)  # optional commands the device does not have


def _ask(session: CliSession, cli: Cli) -> _Asked:
    """Run each command once. After one that did not end, session and device are out of step: no more are sent."""
    asked = _Asked()
    for n, command in enumerate(cli.commands):
        line = command.command
        if line in asked.outputs:
            continue
        try:
            asked.outputs[line] = session.run(line)
        except Unsupported as error:
            if command.optional:
                asked.lacking.append(line)
            else:
                asked.failures.append(Failure.of("ssh", line, error, cli_parse.samples_of(command)))
        except CollectError as error:
            rest = (c for c in cli.commands[n:] if c.command not in asked.outputs)
            asked.failures += [Failure.of("ssh", c.command, error, cli_parse.samples_of(c)) for c in rest]
            break
    return asked

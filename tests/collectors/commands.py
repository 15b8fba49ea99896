"""Commands of a profile, and what is read of their output, for the tests of parsing."""

from typing import Any

from collectors.cli_parse import Parsed
from collectors.profiles.rules import Cli, Command


def cli(*commands: dict[str, Any]) -> Cli:
    return Cli(device_type="cisco_ios", commands=[Command.model_validate(each) for each in commands])


def figures(parsed: Parsed) -> dict[str, float]:
    return {" ".join(filter(None, (each.name, *each.labels.values()))): each.value for each in parsed.samples}

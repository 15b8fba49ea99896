"""Fetch a device's configuration over SSH: one login, one or two commands of the profile.

What a device prints here has its secrets in it. It leaves this module as `Secret`s alone, and no message quotes it.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from collectors import cli_parse, ssh
from collectors.errors import CollectError, Refused, Unsupported
from collectors.model import CliSession, Cost, Device, Failure, Secret, SshAccess
from collectors.profiles.rules import Cli, Command
from collectors.profiles.words import Config
from collectors.ssh import OpenSsh

COMMAND_SECONDS = 60.0  # a large configuration takes its time

WORDS = {
    "timeout": "was not answered in time",
    "unreachable": "ended with the connection",
    "refused": "was refused: the login may not read the configuration",
    "unsupported": "is not known to the device",
    "bad_data": "was answered with more than a configuration can be",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched, raw. `running` is None when that failed; `startup` also when it was not asked for."""

    running: Secret | None = None
    startup: Secret | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)  # by "running", "startup"
    cost: Cost = field(default_factory=Cost)


async def fetch(device: Device, cli: Cli, *, startup: bool, open_ssh: OpenSsh = ssh.open_session) -> Fetched:
    """Log in and run the profile's configuration commands; `startup` too if asked. Never raises for the device's sake.

    Raises ValueError for a profile without `cli.config`.
    """
    if cli.config is None or device.ssh is None:
        raise ValueError(f"{device.name}: its profile has no cli.config, or the inventory gives no ssh access")
    return await asyncio.to_thread(_fetch, device, device.ssh, cli, cli.config, startup, open_ssh)


def _fetch(  # noqa: PLR0917
    device: Device, access: SshAccess, cli: Cli, config: Config, startup: bool, open_ssh: OpenSsh
) -> Fetched:
    started = time.monotonic()
    commands = {"running": config.running} | ({"startup": config.startup} if startup and config.startup else {})
    patient = replace(access, command_timeout=max(access.command_timeout, COMMAND_SECONDS))
    try:
        session = open_ssh(replace(device, ssh=patient), cli)
    except CollectError as error:  # before any command: what the device said holds nothing of its configuration
        failed = Failure.of("ssh", "login", error)
        return Fetched(failures=dict.fromkeys(commands, failed), cost=Cost(seconds=time.monotonic() - started))
    texts: dict[str, Secret] = {}
    failures: dict[str, Failure] = {}
    try:
        for which, command in commands.items():
            try:
                texts[which] = _ask(session, command)
            except CollectError as error:
                failures[which] = _failure(device, command, error.kind)
                if not isinstance(error, Unsupported | Refused):
                    break  # session and device are out of step
    finally:
        session.close()
    for which in commands.keys() - texts.keys() - failures.keys():
        failures[which] = replace(failures["running"], what=commands[which])
    cost = Cost(commands=tuple(session.sent), seconds=time.monotonic() - started)
    return Fetched(texts.get("running"), texts.get("startup"), failures, cost)


def _ask(session: CliSession, command: str) -> Secret:
    text = session.run(command)
    rejection = cli_parse.rejected(Command(command=command, regex="."), text)
    if rejection is not None:
        raise Refused if rejection.kind == Refused.kind else Unsupported
    return Secret(text)


def _failure(device: Device, command: str, kind: str) -> Failure:
    words = WORDS.get(kind, "failed")
    return Failure("ssh", kind, command, f"{device.name}: {command} {words}")

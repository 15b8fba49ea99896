"""CPU of reading devices over SSH, fifty at once: `python -m benchmarks.logins serve|read|kept|send|log-in`.

The devices are one SSH server in a process of its own, on the simulator's core.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import goals, machine
from benchmarks.bench import Bench, Case, Columns, python
from benchmarks.programs import running
from collectors import profiles, ssh
from collectors.gather import Bounds
from collectors.model import Device, DeviceClass, Secret, SshAccess
from collectors.profiles.rules import Profile
from collectors.ssh_collector import SshCollector
from collectors.ssh_kept import KeptSessions
from tests.simulator.cli_server import CliServer, known_hosts_line

FAMILY = "cisco_ios"
RECORDED = Path(__file__).parent.parent / "tests" / "devices" / FAMILY / "ssh_c2960x"
COMMANDS = 6
AT_ONCE, READINGS = 50, 150


def cases() -> list[Case]:
    """Return the rows: the collector as it is, and what of it is the session alone."""
    rows = {
        "netpatrol": "read",
        "netpatrol: session kept open": "kept",
        "netpatrol: log in and send, nothing parsed": "send",
        "netpatrol: log in": "log-in",
    }
    return [Case(goals.SSH, row, lambda bench, way=way: _measured(bench, way)) for row, way in rows.items()]  # type: ignore[misc]


def _measured(bench: Bench, way: str) -> Columns:
    folder = bench.workshop.folder
    serve = [sys.executable, "-m", "benchmarks.logins", "serve", str(folder / "known_hosts")]
    with running(serve, machine.SIMULATOR_CORE, folder / "ssh.log") as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"the SSH server does not start: {(folder / 'ssh.log').read_text('utf-8')[-500:]}")
        found: Columns = json.loads(python("benchmarks.logins", way, str(folder / "known_hosts"), port))
    return found


def profile() -> Profile:
    """Return a family's profile with its first six commands for which there are recorded answers."""
    found = profiles.load()[FAMILY]
    assert found.cli is not None
    recorded = [each for each in found.cli.commands if (RECORDED / f"{each.command}.txt").exists()]
    cli = found.cli.model_copy(update={"commands": recorded[:COMMANDS], "config": None})
    return found.model_copy(update={"cli": cli})


async def serve(known_hosts: Path) -> None:
    """Be a device until told to end; print the port when it listens."""
    outputs: dict[str, str | bytes] = {path.stem: path.read_text("utf-8") for path in RECORDED.glob("*.txt")}
    async with CliServer(family=FAMILY, outputs=outputs) as server:
        await asyncio.to_thread(known_hosts.write_text, known_hosts_line(server), "utf-8")
        print(server.port, flush=True)
        await asyncio.Event().wait()


async def measure(read: Callable[[str], Awaitable[int]]) -> Columns:
    """Read fifty devices many times, all at once; the first time is not counted. `read` is given a device's name."""
    room = Bounds(devices=AT_ONCE)
    room.make_room()

    async def one(number: int) -> int:
        name = f"switch-{number % AT_ONCE}"
        async with room.hold(name):
            return await read(name)

    await asyncio.gather(*map(one, range(AT_ONCE)))
    before, began = time.process_time(), time.monotonic()
    answered = await asyncio.gather(*map(one, range(READINGS)))
    return {
        "ms CPU a device": (time.process_time() - before) / READINGS * 1e3,
        "devices a second": READINGS / (time.monotonic() - began),
        "failed": sum(count < COMMANDS for count in answered),
    }


def way_to_read(way: str, access: SshAccess, sessions: KeptSessions) -> Callable[[str], Awaitable[int]]:
    """Return what reads a device once and says how many commands it answered."""
    known, collector = profile(), SshCollector(sessions.open)
    assert known.cli is not None
    cli = known.cli

    def device(name: str) -> Device:
        return Device(name=name, address="127.0.0.1", device_class=DeviceClass.SWITCH, ssh=access)

    async def read(name: str) -> int:
        reading = await collector.read(device(name), known)
        return COMMANDS - len(reading.failures)

    def send(name: str) -> int:
        session = ssh.open_session(device(name), cli)
        try:
            return sum(bool(session.run(each.command)) for each in cli.commands)
        finally:
            session.close()

    def log_in(name: str) -> int:
        ssh.open_session(device(name), cli).close()
        return COMMANDS

    blocking = {"send": send, "log-in": log_in}
    return (lambda name: asyncio.to_thread(blocking[way], name)) if way in blocking else read


def main() -> None:
    """Serve, or measure one way and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=("serve", "read", "kept", "send", "log-in"))
    parser.add_argument("known_hosts", type=Path)
    parser.add_argument("port", type=int, nargs="?", default=0)
    given = parser.parse_args()
    if given.way == "serve":
        asyncio.run(serve(given.known_hosts))
        return
    access = SshAccess(
        username="ops",
        password=Secret("secret"),
        port=given.port,
        known_hosts=given.known_hosts,
        connect_timeout=60,
        login_timeout=60,
        keep_open=given.way == "kept",
    )
    sessions = KeptSessions(ssh.open_session)
    print(json.dumps(asyncio.run(measure(way_to_read(given.way, access, sessions)))))
    sessions.close()


if __name__ == "__main__":
    main()

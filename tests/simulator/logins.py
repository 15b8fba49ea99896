"""A device of the simulator as the inventory would give it, with its host key trusted, and ways to log in to it."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import paramiko

from collectors import ssh
from collectors.model import CliSession, Device, DeviceClass, Secret, SshAccess
from collectors.profiles.rules import Cli, Command
from collectors.ssh import REST_SECONDS
from tests.simulator.cli_server import CliServer, known_hosts_line

SETUP = {
    "huawei_vrp": ("huawei", ["screen-length 0 temporary"]),
    "h3c_comware": ("hp_comware", ["screen-length disable"]),
    "cisco_ios": ("cisco_ios", ["terminal width 511", "terminal length 0"]),
    "cisco_iosxr": ("cisco_xr", ["terminal width 511", "terminal length 0"]),
    "frr": ("cisco_ios", ["terminal width 511", "terminal length 0"]),
    "linux": ("linux", []),
    "cisco_nxos": ("cisco_nxos", ["terminal width 511", "terminal length 0"]),
    "arista_eos": ("arista_eos", ["terminal width 511", "terminal length 0"]),
    "juniper_junos": (
        "juniper_junos",
        ["set cli screen-width 511", "set cli complete-on-space off", "set cli screen-length 0"],
    ),
    "fortinet_fortigate": ("generic", []),
    "mikrotik_routeros": ("mikrotik_routeros", []),
    "paloalto_panos": (
        "paloalto_panos",
        ["set cli scripting-mode on", "set cli terminal width 500", "set cli pager off", "show system info"],
    ),
    "zte_zxr10": ("zte_zxros", ["terminal length 0"]),
    "ruijie_rgos": ("cisco_ios", ["terminal width 511", "terminal length 0"]),
    "aruba_cx": ("aruba_aoscx", ["no page"]),
    "aruba_procurve": ("aruba_aoscx", ["no page"]),
    "brocade_fastiron": ("ruckus_fastiron", ["skip-page-display"]),
    "dell_dnos9": ("dell_os10", ["terminal length 0"]),
}
PASSWORD = "pass-4711"
USERS = {"ops": PASSWORD}


def cli(family: str, *commands: str) -> Cli:
    device_type, setup = SETUP[family]
    return Cli(device_type=device_type, setup=setup, commands=[Command(command=c, regex="(?P<x>x)") for c in commands])


def left_threads() -> list[threading.Thread]:
    """Return the threads of sessions that have not ended a moment after their session was closed."""
    found = [each for each in threading.enumerate() if isinstance(each, paramiko.Transport)]
    for each in found:
        each.join(REST_SECONDS / 10)
    return [each for each in found if each.is_alive()]


class Site:
    """One device, `sw-1`, whose host key is trusted."""

    def __init__(self, folder: Path) -> None:
        self.known_hosts = folder / "known_hosts"

    def device(self, port: int, **access: Any) -> Device:
        given: dict[str, Any] = {
            "username": "ops",
            "password": Secret(PASSWORD),
            "known_hosts": self.known_hosts,
        } | access
        ssh_access = SshAccess(port=port, **given)
        return Device(name="sw-1", address="127.0.0.1", device_class=DeviceClass.SWITCH, ssh=ssh_access)

    def trust(self, server: CliServer) -> None:
        self.known_hosts.write_text(known_hosts_line(server))

    async def open(self, server: CliServer, *commands: str, trust: bool = True, **access: Any) -> CliSession:
        if trust:
            self.trust(server)
        return await asyncio.to_thread(
            ssh.open_session, self.device(server.port, **access), cli(server.family, *commands)
        )

    async def run(self, server: CliServer, command: str, **access: Any) -> str:
        """Log in, run one command, log out."""
        session = await self.open(server, command, **access)
        try:
            return await asyncio.to_thread(session.run, command)
        finally:
            await asyncio.to_thread(session.close)

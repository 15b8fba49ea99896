"""Debian's upsd with dummy drivers: each UPS is a file that says what it measures (dummy-ups(8), mode dummy-once)."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.processes import await_log, eventually, path_of, running
from tests.lab.servers import LOGIN


@dataclass(frozen=True)
class NutServer:
    """Configured by `nut_server`; start it with `running`. The command in /sbin is a wrapper that reads /etc/nut."""

    folder: Path
    address: str
    port: int
    ups: tuple[str, ...]

    def device(self, name: str = "ups-1", device_class: str = "ups", **nut: Any) -> dict[str, Any]:
        """Return the inventory entry of a UPS."""
        access = {"port": self.port, "timeout": "5s"} | nut
        return {"name": name, "address": self.address, "class": device_class, "icmp": False, "nut": access}

    def says(self, ups: str, variables: Mapping[str, str]) -> None:
        """Let a UPS say something else; its driver looks again within some seconds, and must find a whole file."""
        lines = [f"{name}: {text}\n" for name, text in variables.items()]
        new = self.folder / f"{ups}.new"
        new.write_text("".join(lines), encoding="utf-8")
        new.replace(self.folder / f"{ups}.dev")

    @contextmanager
    def running(self, *drivers: str) -> Iterator[None]:
        """Run upsd, and the drivers of some of its UPS."""
        home = {"NUT_CONFPATH": str(self.folder), "NUT_STATEPATH": str(self.folder)}
        programs = Path(path_of("dummy-ups")).parent
        with ExitStack() as stack:
            for ups in drivers:
                command = [programs / "dummy-ups", "-F", "-a", ups, "-u", LOGIN]
                stack.enter_context(running(command, self.folder / f"{ups}.log", home))
                eventually(f"the driver of {ups}", (self.folder / f"dummy-ups-{ups}").exists)
            log = self.folder / "upsd.log"
            log.unlink(missing_ok=True)
            upsd = stack.enter_context(running([programs / "upsd", "-F", "-u", LOGIN], log, home))
            await_log(upsd, log, f"listening on {self.address} port {self.port}")
            for ups in drivers:
                await_log(upsd, log, f"Connected to UPS [{ups}]")
                eventually(f"the first reading of {ups}", lambda ups=ups: "WAIT" not in self._listed(ups))
            yield

    def _listed(self, ups: str) -> str:
        """Return what upsd has of a UPS."""
        with socket.create_connection((self.address, self.port), timeout=5) as asking, asking.makefile("rw") as lines:
            lines.write(f"LIST VAR {ups}\nLOGOUT\n")
            lines.flush()
            return lines.read()


def nut_server(folder: Path, address: str, port: int, ups: Mapping[str, Mapping[str, str]]) -> NutServer:
    """Configure a server of some UPS, with one user."""
    folder.mkdir(exist_ok=True)
    server = NutServer(folder, address, port, tuple(ups))
    files = {
        "nut.conf": "MODE=standalone\n",
        "upsd.conf": f"LISTEN {address} {port}\nSTATEPATH {folder}\n",
        "upsd.users": '[ops]\n  password = "right"\n',
        "ups.conf": "pollinterval = 1\n"
        + "".join(
            f"[{name}]\n  driver = dummy-ups\n  port = {folder / name}.dev\n  mode = dummy-once\n" for name in ups
        ),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)
    for name, variables in ups.items():
        server.says(name, variables)
    return server

"""An engineer at work: a folder with an inventory and its secrets, and the real command line run in it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.lab.processes import await_log, end, read, run, running

NETPATROL = Path(sys.executable).with_name("netpatrol")  # what the package installs
ROOT = Path(__file__).parents[2]  # whose code it runs, whatever it was installed from
OK, WARNING, CRITICAL, UNKNOWN = range(4)  # exit codes of `inspect`


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Operator:
    """Runs netpatrol in a folder. `inside` is the command that enters a network namespace."""

    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    data: str = "netpatrol-data"
    inside: Sequence[str] = ()

    def write(self, *devices: Mapping[str, Any], **sections: Any) -> None:
        """Write the inventory."""
        site = {
            "customers": [{"name": "acme"}],
            "sites": [{"name": "lab", "customer": "acme"}],
            "defaults": {"language": "en"},
        }
        document = site | sections | {"devices": [{"site": "lab", **device} for device in devices]}
        (self.folder / "inventory.yaml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def run(self, *arguments: str) -> Done:
        """Run one command to its end."""
        with self.started(*arguments) as command:
            return command.done()

    @contextmanager
    def started(self, *arguments: str, **environment: str) -> Iterator["Command"]:
        """Start one command, and end it whatever happens."""
        process = subprocess.Popen(
            [*self.inside, str(NETPATROL), *arguments],
            cwd=self.folder,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        with process:
            try:
                yield Command(process, self.secrets)
            finally:
                process.kill()

    def trust(self, device: str) -> None:
        """Trust a device's host key, unseen."""
        done = self.run("trust", device, "--yes")
        assert done.code == 0, done.err

    def gather(self) -> dict[str, dict[str, Any]]:
        """Read all devices; return what `--format jsonl` prints of each, by name."""
        done = self.run("gather", "--format", "jsonl")
        rows = {row["device"]: row for row in map(json.loads, done.out.splitlines())}
        assert done.code == (0 if all(row["up"] for row in rows.values()) else 1), done.err
        return rows

    def inspect(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Inspect, reading twice a second apart; return the exit code and the report."""
        done = self.run("inspect", "--window", "1", *arguments)
        reports = sorted((self.folder / self.data).glob("reports/*/report.json"), key=lambda p: p.stat().st_mtime_ns)
        assert done.code in range(4), done.err
        return done.code, json.loads(reports[-1].read_text("utf-8"))

    def tickets(self) -> list[dict[str, Any]]:
        """Return all tickets, resolved ones too, as `--format json` prints them."""
        done = self.run("tickets", "--all", "--format", "json")
        assert done.code == 0, done.err
        found: list[dict[str, Any]] = json.loads(done.out)
        return found

    def findings(self, *checks: str) -> dict[tuple[str, str], str]:
        """Return (device, object) → all that `--format json` prints of it, of the findings of some checks."""
        done = self.run("findings", "--format", "json", "--lang", "en")
        assert done.code == 0, done.err
        rows = [row for row in json.loads(done.out) if row["check"] in checks]
        return {(row["device"], row["object"]): json.dumps(row, ensure_ascii=False) for row in rows}

    @contextmanager
    def daemon(self, *options: str) -> Iterator["Daemon"]:
        """Keep `netpatrol run` running, its metrics on a free port."""
        log = self.folder / "daemon.log"
        command = [*self.inside, NETPATROL, "run", "--listen", "127.0.0.1:0", *options]
        with running(command, log, self._environment, cwd=self.folder) as process:
            started = await_log(process, log, "/metrics\n")
            address = started.rpartition("http://")[2].partition("/")[0]
            yield Daemon(process, log, address, self.inside)

    @property
    def _environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("NETPATROL_")}
        set_here = {"LC_ALL": "C.UTF-8", "NETPATROL_DATA": self.data, "PYTHONPATH": str(ROOT)}
        return mine | self.secrets | set_here


@dataclass(frozen=True)
class Command:
    """A command at work."""

    process: subprocess.Popen[str]
    secrets: Mapping[str, str]

    def done(self) -> Done:
        """Wait for its end. It has shown no secret, and no fault of the program's own."""
        out, err = self.process.communicate(timeout=120)
        assert "Traceback" not in err, err
        for secret in self.secrets.values():
            assert secret not in out + err
        return Done(self.process.returncode, out, err)


@dataclass(frozen=True)
class Daemon:
    """A running `netpatrol run`."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str  # of /metrics
    inside: Sequence[str]

    def page(self, query: str = "", path: str = "/metrics") -> str:
        """Return its metrics, or what another path answers."""
        url = f"http://{self.address}{path}{query}"
        if not self.inside:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return str(answer.read().decode())
        read_it = "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1], timeout=10).read())"
        return run(*self.inside, sys.executable, "-c", read_it, url)

    def counted(self, name: str, label: str) -> dict[str, int]:
        """Return the figures of a metric by one of its labels."""
        figures = rf'^{name}{{[^}}]*{label}="([^"]*)"[^}}]*}} (\S+)$'
        return {key: int(float(value)) for key, value in re.findall(figures, self.page(), re.MULTILINE)}

    def said(self) -> str:
        return read(self.log)

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        return end(self.process)


def values(row: Mapping[str, Any], name: str, **labels: str) -> list[float]:
    """Return the figures of one name in what `gather` printed, of the labels given."""
    return [
        sample["value"]
        for sample in row["samples"]
        if sample["name"] == name and labels.items() <= sample["labels"].items()
    ]


def errors(row: Mapping[str, Any], protocol: str) -> list[tuple[str, str]]:
    """Return (kind, message) of what one protocol could not read."""
    return [(each["kind"], each["message"]) for each in row["errors"] if each["protocol"] == protocol]

"""The peer of the whole path: Prometheus' snmp_exporter, given the same 990 values and the labels of three look-ups."""

import http.client
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import machine, switch
from benchmarks.asking import Spent
from benchmarks.programs import installed, running
from benchmarks.simulator import Fleet

LISTEN = "127.0.0.1"
LABELLED = "ifHCInOctets{"  # a line of the answer for each port
SCALAR_TEXTS = frozenset(switch.SCALARS[n] for n in (0, 2, 3))


def configuration() -> str:
    """Return its configuration: a module for v2c and one for v3."""
    v3 = {
        "username": switch.USERS["sha256"],
        "security_level": "authPriv",
        "password": switch.AUTH_KEY,
        "auth_protocol": "SHA256",
        "priv_protocol": "AES",
        "priv_password": switch.PRIV_KEY,
    }
    modules = {"v2c": _module(2, {"community": switch.COMMUNITY}), "v3": _module(3, v3)}
    return yaml.safe_dump(modules, sort_keys=False)


def _module(version: int, auth: dict[str, str]) -> dict[str, Any]:
    return {
        "walk": list(switch.COLUMNS),
        "get": list(switch.SCALARS),
        "metrics": [*_interfaces(), *_scalars()],
        "version": version,
        "max_repetitions": switch.REPETITIONS,
        "retries": switch.RETRIES,
        "timeout": f"{switch.TIMEOUT:g}s",
        "auth": auth,
    }


def _interfaces() -> Iterator[dict[str, Any]]:
    index = [{"labelname": "ifIndex", "type": "gauge"}]
    lookups = [
        {"labels": ["ifIndex"], "labelname": name, "oid": oid, "type": "DisplayString"}
        for name, oid in switch.TEXTS.items()
    ]
    for kind, columns in (("gauge", switch.GAUGES), ("counter", switch.COUNTERS)):
        for name, oid in columns.items():
            yield {"name": name, "oid": oid, "type": kind, "help": name, "indexes": index, "lookups": lookups}


def _scalars() -> Iterator[dict[str, Any]]:
    for number, oid in enumerate(switch.SCALARS):
        if oid.startswith(switch.SENSOR):
            continue
        kind = "DisplayString" if oid in SCALAR_TEXTS else "gauge"
        yield {"name": f"scalar{number}", "oid": oid.removesuffix(".0"), "type": kind, "help": oid}
    index = [{"labelname": "entPhysicalIndex", "type": "gauge"}]
    yield {"name": "entPhySensorValue", "oid": switch.SENSOR, "type": "gauge", "help": "sensor", "indexes": index}


@dataclass(frozen=True, slots=True)
class Exporter:
    """A running snmp_exporter."""

    pid: int
    port: int

    def measure(self, fleet: Fleet, version: str, polls: int, width: int) -> Spent:
        """Scrape devices in turn, so many at once; what the first ones cost is left out. Raises RuntimeError."""
        self._scrape(fleet, version, len(fleet.addresses), width)
        before, began = machine.cpu_seconds(self.pid), time.monotonic()
        values = self._scrape(fleet, version, polls, width)
        return Spent(
            polls=polls,
            cpu=machine.cpu_seconds(self.pid) - before,
            wall=time.monotonic() - began,
            values=sum(values),
            short=sum(count < switch.VALUES for count in values),
        )

    def _scrape(self, fleet: Fleet, version: str, polls: int, width: int) -> list[int]:
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for n in range(polls):
            waiting.put(fleet.addresses[n % fleet.devices])
        counts: list[int] = []
        target = f"module=v{version}&target={{}}:{fleet.port}"
        threads = [threading.Thread(target=self._ask, args=(waiting, target, counts)) for _ in range(width)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if len(counts) != polls:
            raise RuntimeError(f"snmp_exporter: {len(counts)} of {polls} scrapes were answered")
        return counts

    def _ask(self, waiting: "queue.SimpleQueue[str]", target: str, counts: list[int]) -> None:
        connection = http.client.HTTPConnection(LISTEN, self.port, timeout=60)
        while True:
            try:
                address = waiting.get_nowait()
            except queue.Empty:
                break
            connection.request("GET", f"/snmp?{target.format(address)}")
            answer = connection.getresponse()
            body = answer.read().decode()
            counts.append(switch.VALUES if body.count(LABELLED) == switch.PORTS and answer.status == 200 else 0)
        connection.close()


@contextmanager
def exporter(folder: Path) -> Iterator[Exporter]:
    """Keep an snmp_exporter running on the client's core, with as many threads as it has there. Raises Lacking."""
    program = installed("prometheus-snmp-exporter")
    configured = folder / "snmp.yml"
    configured.write_text(configuration(), "utf-8")
    port = _free_port()
    command = ["env", "GOMAXPROCS=1", program, f"--config.file={configured}", f"--web.listen-address={LISTEN}:{port}"]
    log = folder / "exporter.log"
    with running([*command, "--log.level=error"], machine.CLIENT_CORE, log) as process:
        _await(port, log)
        yield Exporter(process.pid, port)


def _await(port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(LISTEN, port, timeout=1)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"snmp_exporter does not start: {log.read_text('utf-8').strip()[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LISTEN, 0))
        return int(probe.getsockname()[1])

"""What the benchmarks of one run share: programs, simulated devices and peers, each started when first asked for."""

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from benchmarks import machine, simulator
from benchmarks.exporter import Exporter, exporter
from benchmarks.programs import Workshop, output
from benchmarks.simulator import Fleet

Columns = Mapping[str, float]
"""Column → value, of one row in one round."""


@dataclass
class Bench:
    """Lends what is running. Everything ends, and the folder goes, when it is left."""

    rounds: int = 5
    _ends: ExitStack = field(default_factory=ExitStack)
    _fleets: dict[tuple[int, int], Fleet] = field(default_factory=dict)
    _exporter: Exporter | None = None

    def __enter__(self) -> Self:
        folder = self._ends.enter_context(TemporaryDirectory(prefix="netpatrol-bench-", ignore_cleanup_errors=True))
        self.workshop = Workshop(Path(folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def fleet(self, devices: int, dead_every: int = 0) -> Fleet:
        """Return simulated devices of such a kind. Raises Lacking."""
        kind = (devices, dead_every)
        if kind not in self._fleets:
            started = simulator.fleet(self.workshop, devices, dead_every=dead_every, number=len(self._fleets))
            self._fleets[kind] = self._ends.enter_context(started)
        return self._fleets[kind]

    def exporter(self) -> Exporter:
        """Return a running snmp_exporter. Raises Lacking."""
        if self._exporter is None:
            self._exporter = self._ends.enter_context(exporter(self.workshop.folder))
        return self._exporter


@dataclass(frozen=True, slots=True)
class Case:
    """One row of one table. `measure` is called once a round; it raises Lacking when the machine lacks something."""

    table: str
    row: str
    measure: Callable[[Bench], Columns]


def python(module: str, *arguments: str, core: int = machine.CLIENT_CORE) -> str:
    """Run one of our modules in a process of its own on one core, and return what it printed. Raises RuntimeError."""
    return output([sys.executable, "-m", module, *arguments], core)

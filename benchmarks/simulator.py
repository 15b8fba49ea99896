"""Simulated 48-port switches on loopback addresses: native/agent.c, in a process on a core of its own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import machine, switch
from benchmarks.programs import Workshop, running

FIRST = "127.1.0.1"
DEAD_EVERY, SLOW_EVERY, SLOW_MS = 50, 100, 250  # 2 % dead, 1 % slow


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices that answer. `dead_every`: each so-manieth reads and says nothing; 0: none does. `slow_every` likewise."""

    port: int
    devices: int
    dead_every: int = 0
    slow_every: int = 0
    first: str = FIRST

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(switch.addresses(self.first, self.devices))

    @property
    def dead(self) -> frozenset[str]:
        """The addresses that do not answer (native/agent.c, start_device)."""
        every = self.dead_every
        return frozenset(self.addresses[every - 1 :: every]) if every else frozenset()

    @property
    def slow(self) -> frozenset[str]:
        """The addresses that answer late."""
        every = self.slow_every
        return frozenset(self.addresses[every // 2 :: every]) if every else frozenset()


@contextmanager
def fleet(
    workshop: Workshop, devices: int, *, dead_every: int = 0, slow_every: int = 0, slow_ms: int = SLOW_MS
) -> Iterator[Fleet]:
    """Start devices and wait until all listen. Raises Lacking, RuntimeError."""
    made = Fleet(_free_port(), devices, dead_every, slow_every)
    numbers = {"-n": devices, "-p": made.port, "-P": switch.PORTS, "-d": dead_every, "-s": slow_every, "-S": slow_ms}
    options = [word for option, number in numbers.items() for word in (option, str(number))]
    command = [workshop.program("agent"), "-a", made.first, *options]
    log = workshop.folder / "agent.log"
    with running(command, machine.SIMULATOR_CORE, log) as process:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("listening"):
            raise RuntimeError(f"the simulator does not start: {log.read_text('utf-8').strip()}")
        yield made


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((FIRST, 0))
        return int(probe.getsockname()[1])

"""Simulated 48-port switches on loopback addresses: native/agent.c, in a process on a core of its own."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import machine, switch
from benchmarks.programs import Workshop, running

DEAD_EVERY, SLOW_EVERY, SLOW_MS = 50, 100, 250  # 2 % dead, 1 % slow


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices that answer. Of so many (`dead_every`, `slow_every`; 0: none) one says nothing, or answers late."""

    port: int
    devices: int
    dead_every: int = 0
    slow_every: int = 0
    first: str = "127.1.0.1"
    pid: int = 0

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

    def change_the_dead(self, *, answer: bool) -> None:
        """Have the dead answer like the others, or no more."""
        os.kill(self.pid, signal.SIGUSR1 if answer else signal.SIGUSR2)


@contextmanager
def fleet(
    workshop: Workshop, devices: int, *, dead_every: int = 0, slow_every: int = 0, number: int = 0
) -> Iterator[Fleet]:
    """Start devices and wait until all listen. `number` tells fleets of one run apart. Raises Lacking, RuntimeError."""
    first = f"127.{1 + number}.0.1"
    made = Fleet(_free_port(first), devices, dead_every, slow_every, first)
    numbers = {"-n": devices, "-p": made.port, "-P": switch.PORTS, "-d": dead_every, "-s": slow_every, "-S": SLOW_MS}
    options = [word for option, number in numbers.items() for word in (option, str(number))]
    command: list[str | Path] = [workshop.program("agent"), "-a", made.first, *options]
    log = workshop.folder / "agent.log"
    with running(command, machine.SIMULATOR_CORE, log) as process:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("listening"):
            raise RuntimeError(f"the simulator does not start: {log.read_text('utf-8').strip()}")
        yield replace(made, pid=process.pid)


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])

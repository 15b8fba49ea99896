"""What every process of ours sets up before it works."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.startup import take_descriptors, told_to_stop

resource = pytest.importorskip("resource", reason="only POSIX limits open files")


def test_as_many_files_may_be_open_as_the_system_allows():
    before = _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
    try:
        take_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def handled(number: signal.Signals, how: signal.Handlers) -> Iterator[None]:
    before = signal.signal(number, how)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_that_asks_for_the_end_is_told(number: signal.Signals):
    with handled(number, signal.SIG_DFL):
        stop = told_to_stop()
        signal.raise_signal(number)
        await asyncio.wait_for(stop.wait(), 20)


async def test_what_is_started_to_outlive_its_terminal_does():
    with handled(signal.SIGHUP, signal.SIG_IGN):
        told_to_stop()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

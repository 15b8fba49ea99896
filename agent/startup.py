"""What every process of ours sets up before it works."""

import asyncio
import contextlib
import logging
import signal
import sys

GARBAGE = (50_000, 20, 100)
"""Objects made before Python looks for garbage in circles (gc.set_threshold): figures are many objects, and few of them
garbage. With the defaults a quarter of the daemon's CPU goes into looking."""


def log_to_stderr() -> None:
    """Write log lines of INFO and above to stderr, with time and origin."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def take_descriptors() -> None:
    """Let this process, and those it starts, open as many files as the system allows: often it says 1024 until asked.

    Without a descriptor no device can be asked, and all of them seem silent.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):  # not POSIX; or not allowed
        import resource  # noqa: PLC0415 - Windows has none

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def told_to_stop() -> asyncio.Event:
    """Return what a signal that asks for the end sets, in the running loop. One that is ignored stays so (nohup)."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    return stop

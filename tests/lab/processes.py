"""The lab's programs: needed or skipped, run in the foreground, waited for by what they do, ended by their own id."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

# where Debian keeps daemons, off many users' PATH
SBIN = "/usr/local/sbin:/usr/sbin:/sbin:/usr/lib/frr:/usr/lib/nut:/lib/nut"
REQUIRED = "NETPATROL_LAB_REQUIRED"  # set: a test that cannot be run has failed
PATIENCE = 60.0  # seconds; long, for a busy machine: only a test that fails waits for so long


def need(*programs: str, root: bool = False) -> None:
    """Skip the test where a program is not installed or this is not root; fail it where the lab is required."""
    missing = [f"{program} is not installed" for program in programs if not which(program)]
    if root and os.geteuid() != 0:
        missing.append("this is not root")
    if missing:
        reason = f"{', '.join(missing)} (right form: make lab-packages, as root)"
        pytest.fail(reason) if os.environ.get(REQUIRED) else pytest.skip(reason)


def which(program: str) -> str | None:
    """Return a program's path, wherever Debian keeps it."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")


def path_of(program: str) -> str:
    """Return the path of a program that was asked for with `need`."""
    found = which(program)
    assert found, program
    return found


def eventually(what: str, probe: Callable[[], T], seconds: float = PATIENCE, pause: float = 0.05) -> T:
    """Return the first thing that `probe` finds (is true). Fails when the deadline passes, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(pause)
    return found


def run(*command: str | Path, stdin: str | None = None) -> str:
    """Run a short command of the system; return what it printed. Raises CalledProcessError with what it said."""
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stdout}"
    return done.stdout


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a program running in the foreground, with what it prints appended to `log`; end it whatever happens."""
    with log.open("ab") as said:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> int:
    """Ask a process to end, and make it; return its exit code."""
    process.terminate()
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(10)


def await_log(process: subprocess.Popen[bytes], log: Path, words: str, seconds: float = PATIENCE) -> str:
    """Wait until a program has logged `words`; return the log. Fails at once when the program ends before."""

    def said() -> str:
        logged = read(log)
        assert process.poll() is None or words in logged, f"{process.args}: exit {process.returncode}: {logged}"
        return logged if words in logged else ""

    return eventually(f"{words!r} in {log}", said, seconds)


def read(log: Path) -> str:
    """Return what a log holds so far."""
    return log.read_text("utf-8", errors="replace") if log.exists() else ""


def free_port(address: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port of this machine's address that nobody listens on."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])

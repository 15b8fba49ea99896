"""Programs that are not Python: built from native/, or installed; started, waited for, and ended by their own id."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

NATIVE = Path(__file__).parent / "native"
INSTALL = "make bench-packages, as root"
LONGEST = 600.0  # seconds a command may take
SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "agent": (("agent.c", "tree.c", "pdu.c", "usm.c"), ("crypto",)),
    "rawlimit": (("rawlimit.c",), ()),
    "netsnmp": (("netsnmp.c",), ("netsnmp",)),
}
"""Program → its sources, and the libraries it is linked with."""


class Lacking(RuntimeError):
    """Something a figure needs is not on this machine. The message says what to install."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder in which programs are built when they are first asked for."""

    folder: Path

    def program(self, name: str) -> Path:
        """Return the path of a program of native/. Raises Lacking."""
        built = self.folder / name
        if not built.exists():
            _compile(name, built)
        return built


def _compile(name: str, built: Path) -> None:
    if not shutil.which("gcc"):
        raise Lacking(f"gcc is not installed ({INSTALL})")
    sources, libraries = SOURCES[name]
    options = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(built)]
    linked = [f"-l{library}" for library in libraries]
    done = subprocess.run(
        ["gcc", *options, *(str(NATIVE / source) for source in sources), *linked],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        raise Lacking(f"{name} cannot be built: {reason.strip()} ({INSTALL})")


def installed(name: str) -> str:
    """Return the path of an installed program. Raises Lacking."""
    found = shutil.which(name)
    if not found:
        raise Lacking(f"{name} is not installed ({INSTALL})")
    return found


def output(command: Sequence[str | Path], core: int) -> str:
    """Run a command to its end on one core and return what it printed. Raises RuntimeError with what it complained."""
    words = machine.pinned([str(word) for word in command], core)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=LONGEST)
    if done.returncode:
        raise RuntimeError(f"{Path(words[3]).name}: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


@contextmanager
def running(command: Sequence[str | Path], core: int | None, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """Keep a program running (on one core, unless None), its complaints in `log`; end it whatever happens."""
    words = [str(word) for word in command]
    with log.open("a", encoding="utf-8") as complaints:
        process = subprocess.Popen(
            words if core is None else machine.pinned(words, core),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()

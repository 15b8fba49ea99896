"""The machine the figures are of, and what a process has used of it, as Linux tells."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

CLIENT_CORE, SIMULATOR_CORE = 0, 1
PACKAGES = ("pysnmp", "cryptography", "netmiko", "paramiko", "prometheus-client", "pydantic", "sqlalchemy")
DEBIAN = ("prometheus-snmp-exporter", "libsnmp-dev", "gcc")
TICKS = os.sysconf("SC_CLK_TCK")


def core(wanted: int) -> int:
    """Return a core's number among those this process may use: the last where there are not so many."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[min(wanted, len(usable) - 1)]


def pinned(command: list[str], wanted: int) -> list[str]:
    """Return a command that runs on one core only."""
    return ["taskset", "-c", str(core(wanted)), *command]


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a running process (proc(5), stat), in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def described() -> dict[str, str]:
    """Return what a reader needs to compare the figures with another machine's."""
    cpu = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "CPU": f"{cpu[0] if cpu else platform.machine()}, {len(cpu)} cores",
        "memory": f"{int(memory) / 2**20:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "Debian packages": ", ".join(f"{name} {_debian(name)}" for name in DEBIAN),
    }


def busy() -> float:
    """Return the load average of the last minute: others at work make the figures worse, and the ratios less sure."""
    return os.getloadavg()[0]


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines()


def _debian(package: str) -> str:
    if not shutil.which("dpkg-query"):
        return "unknown"
    asked = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout or "none"

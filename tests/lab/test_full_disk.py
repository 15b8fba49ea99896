"""A disk that is really full: the run says so, and no finding is lost."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.command_line import CRITICAL, Operator
from tests.lab.processes import eventually, need, run
from tests.lab.servers import LOOPBACK, udp_port

pytestmark = pytest.mark.lab

NO_ROOM = 74  # what `inspect` exits with when its store cannot be used


@dataclass(frozen=True)
class Disk:
    """A small file system."""

    folder: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill it to the last byte; at the end make room again."""
        ballast = self.folder / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                fill(file.fileno())
            yield
        finally:
            ballast.unlink(missing_ok=True)


def fill(file: int) -> None:
    """Write until the disk takes no single byte more."""
    for size in (65536, 1):
        try:
            while os.write(file, bytes(size)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Four megabytes."""
    need("mount", "umount", root=True)
    folder = tmp_path / "disk"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=4m", "netpatrol-lab", folder)
    yield Disk(folder)
    run("umount", folder)


@pytest.fixture
def operator(tmp_path: Path, disk: Disk) -> Operator:
    """An engineer whose data lie on that disk, with one device that does not answer and one that does."""
    engineer = Operator(tmp_path, {"LAB_COMMUNITY": "not-answered"}, data=str(disk.folder / "data"))
    snmp = {"community": "env:LAB_COMMUNITY", "port": udp_port(), "timeout": "1s", "retries": 0}
    engineer.write(
        {"name": "here", "class": "server", "local": True, "interval": "1s"},
        {"name": "gone", "address": LOOPBACK, "class": "router", "icmp": False, "snmp": snmp, "interval": "1s"},
    )
    assert engineer.run("inspect", "--device", "here", "--window", "0").code in range(4)  # the store is there
    return engineer


def tickets_of_gone(operator: Operator) -> list[str]:
    return [ticket["check"] for ticket in operator.tickets() if ticket["device"] == "gone"]


def test_a_run_that_no_longer_fits_is_kept_elsewhere_and_taken_in_later(operator, disk: Disk, tmp_path: Path):
    elsewhere, data = tmp_path / "elsewhere", disk.folder / "data"
    elsewhere.mkdir()
    in_use = data / "netpatrol.db-shm"
    with operator.started("inspect", "--window", "3", TMPDIR=str(elsewhere)) as inspecting:
        eventually("the store is in use", lambda: in_use.exists() and in_use.stat().st_size)
        with disk.full():
            done = inspecting.done()
    (kept,) = elsewhere.glob("*/*.json")
    assert done.code == CRITICAL
    assert "Reachability" in done.out
    assert "has no space left" in done.err
    assert "the report cannot be written: No space left on device" in done.err
    assert f"waits in {kept}: move that to {data / 'spool'}/" in done.err
    assert tickets_of_gone(operator) == []
    (data / "spool").mkdir(exist_ok=True)
    shutil.move(kept, data / "spool")
    assert operator.run("inspect", "--device", "here", "--window", "0").code in range(4)
    assert tickets_of_gone(operator) == ["Reachability"]
    assert list((data / "spool").iterdir()) == []


def test_an_inspection_does_not_begin_on_a_full_disk(operator: Operator, disk: Disk):
    with disk.full():
        done = operator.run("inspect", "--window", "0")
    assert (done.code, done.out) == (NO_ROOM, "")
    assert "has no space left: free some on its disk" in done.err


def test_the_daemon_opens_its_tickets_as_soon_as_there_is_room(operator: Operator, disk: Disk):
    with operator.daemon() as daemon:
        with disk.full():
            eventually("the daemon says so", lambda: "has no space left" in daemon.said())
            eventually("it goes on polling", lambda: 'device_up{device="gone"' in daemon.page())
        eventually("the ticket", lambda: "open: gone reachability" in daemon.said())
        assert daemon.stop() == 0
    assert tickets_of_gone(operator) == ["Reachability"]

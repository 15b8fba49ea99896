"""A file is written whole or not at all, whatever becomes of the disk meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from agent import cli, files
from agent.cli import options, reporting, showing

resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow."""
    before = _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("there", [{}, {"x": b"old"}], ids=["new", "old"])
def test_a_full_disk_leaves_what_is_there(tmp_path: Path, there: dict[str, bytes]) -> None:
    for name, data in there.items():
        (tmp_path / name).write_bytes(data)
    with full_disk(), pytest.raises(OSError, match="too large") as caught:
        files.write(tmp_path / "x", b"new")
    assert caught.value.filename == str(tmp_path / "x")
    assert contents(tmp_path) == {tmp_path / name: data for name, data in there.items()}


@pytest.mark.parametrize(("before", "given", "after"), [(0o640, None, 0o640), (0o644, 0o600, 0o600)])
def test_a_file_keeps_its_mode_unless_one_is_given(tmp_path: Path, before: int, given: int | None, after: int) -> None:
    path = tmp_path / "x"
    path.touch()
    path.chmod(before)
    files.write(path, b"new", mode=given)
    assert (path.read_bytes(), S_IMODE(path.stat().st_mode)) == (b"new", after)


def test_a_new_file_has_the_mode_any_other_would_have(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    files.write(tmp_path / "x", b"")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x")
    for data in (b"old", b"new"):
        files.write(tmp_path / "link", data)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "x").read_bytes() == b"new"


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.write(tmp_path / "pipe", b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETPATROL_LANG", "en")
    known = "devices: [{name: here, address: 127.0.0.1, class: server, local: true}]\n"
    (tmp_path / "inventory.yaml").write_text(known, encoding="utf-8")
    return tmp_path


def test_a_full_disk_leaves_the_inventory_that_is_to_be_overwritten(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(home)
    with full_disk():
        assert cli.run(["init", "--force"]) == 1
    assert capsys.readouterr().err == "netpatrol: inventory.yaml: File too large\n"
    assert contents(home) == before


def test_a_full_disk_leaves_the_report_that_is_to_be_written_again(home: Path) -> None:
    cli.run(["inspect", "--window", "0"])
    data = home / "netpatrol-data"
    before = contents(data / "reports")
    setup = options.load(home / "inventory.yaml")
    with showing.stored(data, "en") as store:
        run = store.run(store.runs()[0].id)
        with full_disk(), pytest.raises(OSError, match="report"):
            reporting.write(run, setup, store, data)
    assert len(before) == 3
    assert contents(data / "reports") == before

"""Beside the archive: marks in place of secrets, raw configurations under a key, and what inspections saw."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.configs import history
from agent.configs.files import ConfigStoreError
from agent.configs.history import MAX_SEEN, NEWS, History
from agent.configs.marks import CONSTANT, Marks
from agent.configs.vault import Vault
from collectors.model import Secret

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# ---- marks ----


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key that is always the same: two marks in 65,536 would be equal by chance."""
    (tmp_path / "key").write_bytes(bytes(range(32)))
    return tmp_path / "key"


def test_a_mark_is_the_same_until_its_secret_changes(key):
    marks = Marks.of(key)
    mark = marks.mark("core-1")
    assert mark("password ", "s3cret") == mark("password  ", "s3cret") != mark("password ", "s3cret2")
    assert Marks.of(key).mark("core-1")("password ", "s3cret") == mark("password ", "s3cret")
    assert len(mark("password ", "s3cret")) == len("<masked:0000>")


def test_the_same_password_elsewhere_has_another_mark(key):
    marks = Marks.of(key)
    places = [("core-1", "user a "), ("core-1", "user b "), ("core-2", "user a ")]
    assert len({marks.mark(device)(before, "s3cret") for device, before in places}) == 3


def test_another_installation_and_another_key_have_other_marks(key):
    each = [Marks.of(key), Marks(bytes(32)), Marks.of(key, Secret("key"))]
    assert len({marks.mark("core-1")("", "s3cret") for marks in each}) == 3


def test_the_key_is_for_its_owner_only_and_never_shown(tmp_path):
    marks = Marks.of(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert len(marks.key) == 32
    assert repr(marks) == "Marks()"


def test_what_a_device_shows_differently_each_time_has_one_mark_for_all(tmp_path):
    mark = Marks.of(tmp_path / "key").mark("fw-1", constant=True)
    assert mark("set password ", "ENC x") == mark("set psk ", "ENC y") == CONSTANT


def test_a_key_that_another_process_made_meanwhile_stays(key, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert Marks.of(key).key == bytes(range(32))


def test_half_a_key_is_refused(key):
    key.write_bytes(b"half")
    with pytest.raises(ConfigStoreError, match="is no key of 32 bytes"):
        Marks.of(key)


def test_a_key_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigStoreError, match="key cannot be"):
        Marks.of(tmp_path / "file" / "key")


# ---- vault ----


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "raw", Secret("correct horse"))


def test_what_is_kept_comes_back_and_is_nowhere_to_be_read(vault, tmp_path):
    text = Secret("password hunter2\n" * 50)
    assert vault.save("hq", "core-1", text, NOW)
    newest = vault.newest("hq", "core-1", NOW)
    assert vault.load(newest, "hq", "core-1") == text
    assert stat.S_IMODE(newest.stat().st_mode) == 0o600
    assert not any(b"hunter2" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_only_a_change_makes_a_new_file(vault):
    assert vault.save("hq", "core-1", Secret("a"), NOW)
    assert not vault.save("hq", "core-1", Secret("a"), NOW + HOUR)
    assert vault.save("hq", "core-1", Secret("b"), NOW + 2 * HOUR)
    assert len(list((vault.folder / "hq" / "core-1").iterdir())) == 2
    assert vault.load(vault.newest("hq", "core-1", NOW + 2 * HOUR), "hq", "core-1").reveal() == "b"


def test_what_a_clock_wrote_that_was_ahead_gives_way_to_what_is_written_now(vault):
    assert vault.save("hq", "core-1", Secret("ahead"), NOW + 365 * DAY)
    assert vault.save("hq", "core-1", Secret("a"), NOW)
    assert not vault.save("hq", "core-1", Secret("a"), NOW + HOUR)
    assert vault.load(vault.newest("hq", "core-1", NOW + HOUR), "hq", "core-1").reveal() == "a"


def test_a_site_may_be_called_salt_also_where_the_salt_was_called_so(vault):
    vault.folder.mkdir()
    (vault.folder / "salt").write_bytes(bytes(range(16)))
    assert vault.save("salt", "core-1", Secret("a"), NOW)
    newest = vault.newest("salt", "core-1", NOW)
    assert newest.read_bytes()[4:20] == bytes(range(16))
    assert vault.load(newest, "salt", "core-1").reveal() == "a"


@pytest.mark.parametrize("wrong", ["key", "device", "bytes", "short", "magic"])
def test_what_is_not_right_is_not_decrypted(vault, wrong):
    vault.save("hq", "core-1", Secret("a"), NOW)
    path = vault.newest("hq", "core-1", NOW)
    data = path.read_bytes()
    if wrong in ("bytes", "short", "magic"):
        path.write_bytes(
            {"bytes": data[:-1] + bytes([data[-1] ^ 1]), "short": data[:9], "magic": b"X" + data[1:]}[wrong]
        )
    other = Vault(vault.folder, Secret("wrong horse")) if wrong == "key" else vault
    with pytest.raises(ConfigStoreError, match=r"decrypted|no encrypted"):
        other.load(path, "hq", "core-2" if wrong == "device" else "core-1")


def test_after_a_change_of_key_the_configuration_is_kept_again(vault):
    vault.save("hq", "core-1", Secret("a"), NOW)
    assert Vault(vault.folder, Secret("new key")).save("hq", "core-1", Secret("a"), NOW + HOUR)


# ---- what inspections saw ----


def seen(*versions: tuple[timedelta, str]) -> History:
    found = History()
    for after, version in versions:
        found = found.saved(NOW + after).inspected(version, NOW + after)
    return found


@pytest.mark.parametrize(
    ("versions", "after", "baseline"),
    [
        ([], timedelta(), ""),
        ([(timedelta(), "v1")], timedelta(), "v1"),  # the first is what later ones are compared with
        ([(timedelta(), "v1"), (HOUR, "v2")], HOUR, "v1"),
        ([(timedelta(), "v1"), (HOUR, "v2")], 20 * HOUR, "v1"),  # still news
        ([(timedelta(), "v1"), (HOUR, "v2")], 26 * HOUR, "v2"),
        ([(timedelta(), "v1"), (31 * DAY, "v2")], 31 * DAY, "v1"),  # from month to month
        (
            [(timedelta(), "v1"), (31 * DAY, "v2"), (31 * DAY + HOUR, "v1")],
            31 * DAY + HOUR,
            "v1",
        ),  # and back: no change
        ([(timedelta(), "v1"), (31 * DAY, "v2"), (31 * DAY + HOUR, "v3")], 31 * DAY + 2 * HOUR, "v1"),
        ([(timedelta(), "v1"), (31 * DAY, "v2"), (62 * DAY, "v2")], 62 * DAY, "v2"),
    ],
)
def test_a_change_is_told_against_the_inspection_of_another_day(versions, after, baseline):
    assert seen(*versions).baseline(NOW + after) == baseline


@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from("abc")), max_size=60))
def test_what_is_remembered_is_bounded_and_gives_the_same_baseline(steps):
    whole: list[tuple[datetime, str]] = []
    found, now = History(), NOW
    for minutes, version in steps:
        now += timedelta(minutes=minutes)
        found = found.inspected(version, now)
        whole += [] if whole and whole[-1][1] == version else [(now, version)]
        old = [v for at, v in whole if at <= now - NEWS]
        assert found.baseline(now) == (old[-1] if old else whole[0][1])
    assert len(found.seen) <= MAX_SEEN + 1


def test_it_is_kept_and_read_back_and_nothing_is_remembered_of_garbage(tmp_path):
    kept = seen((timedelta(), "v1"), (HOUR, "v2"))
    history.save(tmp_path / "x", "core-1", kept)
    assert history.load(tmp_path / "x", "core-1") == kept
    (tmp_path / "x" / "core-1.json").write_text("[{")
    assert history.load(tmp_path / "x", "core-1") == history.load(tmp_path / "x", "core-2") == History()

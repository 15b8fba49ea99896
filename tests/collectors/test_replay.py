"""Recorded walks and transcripts stand in for a device."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.errors import BadData, Unsupported
from collectors.model import CliSession, SnmpTransport, Value
from collectors.replay import MAX_BYTES, ReplaySession, ReplayTransport, read_transcripts, read_walk, recording

OID = "1.3.6.1.4.1.32473.1"


def walk(folder: Path, *lines: str | bytes) -> Path:
    path = folder / "walk.snmprec"
    path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines))
    return path


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("2", "-7", -7),
        ("2x", "ff", -1),
        ("65", "4294967295", 4294967295),
        ("66", "0", 0),
        ("67", "12345", 12345),
        ("67x", "ffffffff", 4294967295),
        ("70", "18446744073709551615", 18446744073709551615),
        ("4", "a|b ü", "a|b ü".encode()),
        ("4", "", b""),
        ("4x", "001A2b", b"\x00\x1a\x2b"),
        ("4e", r"one\ntwo\\\x1b[0m\q", b"one\ntwo\\\x1b[0mq"),
        ("5", "", None),
        ("6", ".1.3.6.1.4.1", "1.3.6.1.4.1"),
        ("64", "192.0.2.1", "192.0.2.1"),
        ("64x", "c0000201", "192.0.2.1"),
        ("68x", (b"\x9f\x78\x04" + struct.pack(">f", 21.5)).hex(), 21.5),
        ("68x", (b"\x9f\x79\x08" + struct.pack(">d", -0.125)).hex(), -0.125),
        ("68x", "9f7804", b"\x9f\x78\x04"),
    ],
)
def test_a_line_is_read_by_its_tag(tmp_path: Path, tag: str, text: str, value: Value) -> None:
    found = read_walk(walk(tmp_path, f"{OID}|{tag}|{text}"))
    assert (dict(found.values), found.skipped) == ({OID: value}, 0)


BROKEN = [
    "nonsense",
    f"{OID}|2",
    f"{OID}|2|<private>",
    f"{OID}|2|",
    f"{OID}|99|1",
    f"{OID}|4x|0g",
    f"{OID}|64|300.1.1.1",
    f"{OID}|6|private",
    f"{OID}|2|{'9' * 5000}",
    f"{OID}|4|{'x' * 70000}",
    "1.3.six.1|4|x",
    "1.3.99999999999|4|x",
    "1." * 200 + "1|4|x",
    "|4|x",
]


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:30])
def test_a_broken_line_is_skipped_counted_and_costs_no_other(tmp_path: Path, line: str) -> None:
    found = read_walk(walk(tmp_path, f"{OID}.1|2|1", line, f"{OID}.2|2|2"))
    assert list(found.values.values()) == [1, 2]
    assert found.skipped == 1


def test_comments_blank_lines_and_windows_line_ends_are_no_broken_lines(tmp_path: Path) -> None:
    found = read_walk(walk(tmp_path, "# a router", "", f".{OID}|4|x\r", " "))
    assert (dict(found.values), found.skipped) == ({OID: b"x"}, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["2", "4", "4x", "4e", "6", "64", "64x", "68", "68x", "70x", "é"]))
def test_any_octets_are_a_value_or_a_broken_line(tmp_path: Path, octets: bytes, tag: str) -> None:
    found = read_walk(walk(tmp_path, f"{OID}|{tag}|".encode() + octets))
    assert all(value is None or isinstance(value, int | float | bytes | str) for value in found.values.values())


def test_a_file_too_large_to_be_a_walk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.snmprec"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(BadData, match="at most 64 MB"):
        read_walk(path)


# ---- transport ----


def transport() -> ReplayTransport:
    values: dict[str, Value] = {f"{OID}.2.{n}": n for n in (10, 9, 1)}
    return ReplayTransport(recording({**values, f"{OID}.20.1": 77, f"{OID}.3.1.1": b"a", "1.3.6.1.2.1.1.3.0": 5}))


async def test_get_answers_none_for_what_there_is_not() -> None:
    assert await transport().get(["1.3.6.1.2.1.1.3.0", f"{OID}.2"]) == {"1.3.6.1.2.1.1.3.0": 5, f"{OID}.2": None}


async def test_walk_reads_whole_columns_in_the_order_of_oids() -> None:
    found = await transport().walk([f"{OID}.2", f"{OID}.3", f"{OID}.4"])
    assert found.failure is None
    assert {column: list(rows.items()) for column, rows in found.rows.items()} == {
        f"{OID}.2": [("1", 1), ("9", 9), ("10", 10)],
        f"{OID}.3": [("1.1", b"a")],
        f"{OID}.4": [],
    }


async def test_requests_are_counted_as_a_device_would_see_them() -> None:
    asked: SnmpTransport = ReplayTransport(recording({f"{OID}.2.{n}": n for n in range(1, 51)}))
    await asked.get([f"{OID}.2.{n}" for n in range(1, 31)])
    assert asked.requests == 2
    await asked.walk([f"{OID}.2"])
    assert asked.requests == 5
    await asked.close()


# ---- command line ----


def test_commands_are_answered_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "display version.txt").write_text("VRP\n", encoding="utf-8")
    (tmp_path / "cat _proc_uptime.txt").write_text("1.0 2.0\n", encoding="utf-8")
    session: CliSession = ReplaySession(read_transcripts(tmp_path))
    assert session.run("display version") == "VRP\n"
    assert session.run("cat /proc/uptime") == "1.0 2.0\n"
    assert session.sent == ["display version", "cat /proc/uptime"]
    session.close()


def test_a_command_that_was_not_recorded_is_unsupported() -> None:
    with pytest.raises(Unsupported, match=r"'show clock' was not recorded \(recorded: show version\)"):
        ReplaySession({"show version": ""}).run("show clock")

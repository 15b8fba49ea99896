"""Rows on stdout: every form carries them whole, and none lets a device's text act."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.output import Format, emit, jsonl, safe_cell, safe_terminal

COLUMNS = {"device": "Device", "what": "What"}
ROWS = [{"device": "core-1", "what": "fan 1", "more": [1, 2]}, {"device": "机房", "what": None}]


def printed(form: Format, rows: list[dict[str, object]] = ROWS) -> str:
    out = io.StringIO()
    emit(rows, COLUMNS, form, out)
    return out.getvalue()


def test_json_keeps_every_key_of_a_row() -> None:
    assert json.loads(printed(Format.JSON)) == ROWS


def test_json_lines_are_one_object_a_line() -> None:
    assert [json.loads(line) for line in printed(Format.JSONL).splitlines()] == ROWS


def test_csv_and_table_show_the_columns_under_their_headings() -> None:
    assert list(csv.reader(io.StringIO(printed(Format.CSV))))[:2] == [["Device", "What"], ["core-1", "fan 1"]]
    assert [line.split() for line in printed(Format.TABLE).splitlines()[:2]] == [
        ["Device", "What"],
        ["core-1", "fan", "1"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－2"])
def test_a_cell_that_begins_like_a_formula_is_only_text(text: str) -> None:
    assert str(safe_cell(text)).startswith(("'", "\\"))


def test_a_number_stays_a_number_in_a_cell() -> None:
    assert safe_cell(-2) == -2


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = safe_terminal(text)
    assert not {c for c in shown if c != "\t" and (ord(c) < 32 or 127 <= ord(c) < 160 or "\u202a" <= c <= "\u202e")}


def test_an_escape_sequence_is_shown_not_obeyed() -> None:
    assert safe_terminal("\x1b[2Jfan\u202e") == "\\x1b[2Jfan\\u202e"
    assert "\x1b" not in printed(Format.TABLE, [{"device": "\x1b]0;owned\x07", "what": "[red]x[/red]"}])


def test_a_table_prints_markup_of_a_device_as_it_is() -> None:
    assert "[red]x[/red]" in printed(Format.TABLE, [{"device": "a", "what": "[red]x[/red]"}])


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_any_row_becomes_one_encodable_json_line(row: dict[str, object]) -> None:
    line = jsonl(row)
    assert line.count("\n") == 1
    line.encode("utf-8")


def test_json_is_encodable_whatever_a_device_said() -> None:
    shown = printed(Format.JSON, [{"device": "a\ud800"}])
    assert json.loads(shown.encode("utf-8")) == [{"device": "a\ud800"}]


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def on_screen(columns: int, rows: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    out = Screen()
    emit(rows, COLUMNS, Format.TABLE, out)
    return [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in out.getvalue().splitlines()]


LONG = [{"device": "core-1", "what": "fan 1 " * 20}, {"device": "core-2", "what": "温度过高"}]


def test_a_table_that_goes_into_a_pipe_has_a_line_a_row_however_long() -> None:
    lines = printed(Format.TABLE, LONG).splitlines()
    assert [line.split()[0] for line in lines] == ["Device", "core-1", "core-2"]


def test_a_long_cell_is_folded_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = on_screen(40, LONG, monkeypatch)
    assert max(map(len, lines)) <= 40
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["Device", "core-1", "core-2"]


def test_a_narrow_terminal_gets_a_block_of_lines_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_screen(22, [{"device": "core-switch-1", "what": "fan failed"}, LONG[1]], monkeypatch) == [
        "Device  core-switch-1",
        "What    fan failed",
        "",
        "Device  core-2",
        "What    温度过高",
    ]


def test_a_column_without_any_text_is_left_out_of_a_table() -> None:
    assert printed(Format.TABLE, [{"device": "core-1", "what": None}]).split() == ["Device", "core-1"]


def test_a_table_without_rows_has_its_headings() -> None:
    assert printed(Format.TABLE, []).split() == ["Device", "What"]


def test_what_only_colours_a_line_is_not_printed_as_data() -> None:
    row = {"device": "a", "_style": "red"}
    assert json.loads(jsonl(row)) == {"device": "a"}
    assert json.loads(printed(Format.JSON, [row])) == [{"device": "a"}]

"""Print rows as a table, JSON, JSON lines or CSV: data on stdout, every text of a device made harmless for it."""

import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

Row = Mapping[str, object]
Cells = Sequence[Mapping[str, str]]  # rows of text, by column

FOLDED = 16  # a cell is folded to no less: a time, a ticket's number
GAP = 2  # spaces between columns

# C0 but tab, DEL, C1, and the bidirectional controls that make a terminal lie (Trojan Source)
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = (*"=+-@", *"＝＋－＠", "\t", "\r")  # full-width ones too, which some spreadsheets take for the same


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def safe_terminal(text: str) -> str:
    """Show control characters as `\\x1b`, so that a device cannot drive the terminal."""
    return _CONTROLS.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def safe_cell(value: object) -> object:
    """Keep a spreadsheet from running what a device sent: text that begins like a formula gets a leading quote."""
    if not isinstance(value, str):
        return value
    text = safe_terminal(value)
    return "'" + text if text.startswith(_FORMULA) else text


@contextmanager
def whole_stdout() -> Iterator[None]:
    """Have all that the block prints written at its end. A reader who has had enough (`| head -1`) is no error.

    Raises OSError where it cannot be written, as on a full disk. Nothing is left for Python to fail on when it ends.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere(sys.stdout)
    except OSError:
        _leave_stdout()
        raise


def _leave_stdout() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _to_nowhere(sys.stdout)


def _to_nowhere(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@whole_stdout()
def put(text: str) -> None:
    """Write to stdout. That its reader has left stops nothing; raises OSError where it cannot be written."""
    sys.stdout.write(text)


def tell(text: str) -> None:
    """Write to stderr. That its reader has left stops nothing."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BrokenPipeError:
        _to_nowhere(sys.stderr)


def tell_line(line: str) -> None:
    """Write a line to stderr as `tell` does, made harmless."""
    tell(safe_terminal(line) + "\n")


@whole_stdout()
def emit(rows: Sequence[Row], columns: Mapping[str, str], form: Format, out: TextIO | None = None) -> None:
    """Print rows, as `put` does. `columns` is key → heading; JSON keeps every key of a row, table and CSV only these.

    A key that begins with `_` is for the table's eyes: `_style` colours the line.
    """
    out = out or sys.stdout
    match form:
        case Format.JSON:
            text = json.dumps([_plain(r) for r in rows], ensure_ascii=False, indent=2, default=str)
            out.write(_encodable(text) + "\n")
        case Format.JSONL:
            out.writelines(jsonl(row) for row in rows)
        case Format.CSV:
            out.write(_csv(rows, columns))
        case Format.TABLE:
            _table(rows, columns, out)


def jsonl(row: Row) -> str:
    """Return one JSON line. Lone surrogates are escaped, so that any stream can carry it."""
    return _encodable(json.dumps(_plain(row), ensure_ascii=False, default=str, allow_nan=False)) + "\n"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(row: Row) -> dict[str, object]:
    return {key: value for key, value in row.items() if not key.startswith("_")}


def _csv(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns.values())
    writer.writerows([safe_cell(row.get(key, "")) for key in columns] for row in rows)
    return buffer.getvalue()


def _table(rows: Sequence[Row], columns: Mapping[str, str], out: TextIO) -> None:
    """Print a line a row, as wide as it is: long cells are folded only for a terminal, to no less than FOLDED.

    A terminal too narrow for that gets a block of lines a row. Columns without any text are left out.
    """
    cells = [{key: safe_terminal(_cell(row.get(key))) for key in columns} for row in rows]
    shown = {key: heading for key, heading in columns.items() if not rows or any(cell[key] for cell in cells)}
    widths = [max(cell_len(text) for text in (shown[key], *(cell[key] for cell in cells))) for key in shown]
    gaps = GAP * (len(widths) - 1)
    wide = None if out.isatty() else max(1, sum(widths) + gaps)
    console = Console(file=out, width=wide, highlight=False, markup=False, emoji=False)
    narrow = sum(min(width, FOLDED) for width in widths) + gaps > console.width
    styles = [str(row.get("_style", "")) for row in rows]
    with console.capture() as printed:  # written by us: rich would end the program where the reader has left
        console.print(_blocks(cells, shown, styles) if narrow and rows else _lines(cells, shown, styles))
    out.write(printed.get())


def _lines(cells: Cells, shown: Mapping[str, str], styles: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for heading in shown.values():
        table.add_column(heading, overflow="fold")
    for row, style in zip(cells, styles, strict=True):
        table.add_row(*(RichText(row[key]) for key in shown), style=style)
    return table


def _blocks(cells: Cells, shown: Mapping[str, str], styles: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for number, (row, style) in enumerate(zip(cells, styles, strict=True)):
        if number:
            table.add_row()
        for key in filter(row.__getitem__, shown):
            table.add_row(shown[key], RichText(row[key]), style=style)
    return table


def _cell(value: object) -> str:
    return "" if value is None else str(value)

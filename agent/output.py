"""Print rows as a table, JSON, JSON lines or CSV: data on stdout, every text of a device made harmless for it."""

import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

Row = Mapping[str, object]

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


def emit(rows: Sequence[Row], columns: Mapping[str, str], form: Format, out: TextIO | None = None) -> None:
    """Print rows. `columns` is key → heading; JSON keeps every key of a row, table and CSV only these.

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
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        style = str(row.get("_style", ""))
        table.add_row(*(RichText(safe_terminal(_cell(row.get(key)))) for key in columns), style=style)
    wide = None if out.isatty() else 200
    Console(file=out, width=wide, highlight=False, markup=False, emoji=False).print(table)


def _cell(value: object) -> str:
    return "" if value is None else str(value)

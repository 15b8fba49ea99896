"""Read lists of devices as rows: CSV, XLSX, and the devices a NetBox exports as JSON."""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

MAX_BYTES = 50_000_000
MAX_ROWS = 100_000
HEADING_ROWS = 20  # of a sheet, among which the headings are looked for: a title often stands above
UNPACKED = 500_000_000  # octets an XLSX file may unpack to

NETBOX_LEFT_OUT = (
    "id",
    "url",
    "display_url",
    "display",
    "created",
    "last_updated",
    "primary_ip",
    "primary_ip4",
    "primary_ip6",
)
NETBOX_KEYS = {"role": "class", "device_role": "class", "tenant": "customer"}
NAMED_BY = ("address", "name", "model", "label", "value", "display", "slug")

IsHeading = Callable[[str], bool]
Sheets = Sequence[tuple[str, Sequence[tuple[int, Sequence[object]]]]]
"""Title, numbered lines."""

# what openpyxl and what lies below it make of octets that were changed; a SyntaxError is of XML
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, SyntaxError, LookupError, ValueError, TypeError, AttributeError,
           RuntimeError)  # fmt: skip


class ImportProblem(ValueError):
    """A file that cannot be taken in at all. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list: heading → text, without empty cells. `where` is how a person finds it."""

    where: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and what the file says that is not a row."""

    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()


def read(path: Path, is_heading: IsHeading) -> Table:
    """Read a list by the ending of its file's name. Raises ImportProblem, OSError."""
    if path.stat().st_size > MAX_BYTES:
        raise ImportProblem(f"{path}: a list of devices has at most {MAX_BYTES // 1_000_000} MB")
    readers = {".csv": _csv, ".txt": _csv, ".tsv": _csv, ".xlsx": _xlsx, ".xlsm": _xlsx, ".json": _netbox}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ImportProblem(f"{path}: is none of .csv, .xlsx, .json (of an .xls, save a copy as .xlsx)")
    table = reader(path, is_heading)
    if len(table.rows) > MAX_ROWS:
        raise ImportProblem(f"{path}: has more than {MAX_ROWS:,} rows")
    return table


# ---- sheets ----


def _csv(path: Path, is_heading: IsHeading) -> Table:
    """Read UTF-8, UTF-16 with a mark, or GB 18030, which Excel writes in China; cells parted by , ; or tab."""
    text = _decoded(path)
    head = "\n".join(text.splitlines()[:HEADING_ROWS])
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    lines: list[tuple[int, Sequence[object]]] = []
    try:
        while True:
            number = reader.line_num + 1
            lines.append((number, next(reader)))
    except StopIteration:
        pass
    except csv.Error as error:
        raise ImportProblem(f"{path}: row {reader.line_num}: {error}") from None
    return _sheet(path, [("", lines)], is_heading)


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    encodings = ["utf-16"] if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportProblem(f"{path}: is not text in UTF-8 or GB 18030")


def _xlsx(path: Path, is_heading: IsHeading) -> Table:
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415 - 0.6 s that only a spreadsheet is worth

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(item.file_size for item in packed.infolist()) > UNPACKED:
                raise ImportProblem(f"{path}: unpacks to more than {UNPACKED // 1_000_000} MB")
        sheets = _sheets(path)
    except ImportProblem:
        raise
    except (*DAMAGED, InvalidFileException):
        raise ImportProblem(f"{path}: is not an XLSX file, or a damaged one: save it anew") from None
    return _sheet(path, sheets, is_heading)


def _sheets(path: Path) -> Sheets:
    import openpyxl  # noqa: PLC0415

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        return [(sheet.title, list(enumerate(sheet.iter_rows(values_only=True), 1))) for sheet in book.worksheets]
    finally:
        book.close()


def _sheet(path: Path, sheets: Sheets, is_heading: IsHeading) -> Table:
    """Find the headings of each sheet, and bring the lines below them. A sheet without any is told."""
    rows: list[Row] = []
    remarks: list[str] = []
    for title, lines in sheets:
        filled = [(number, [_text(cell) for cell in line]) for number, line in lines]
        filled = [(number, cells) for number, cells in filled if any(cells)]
        place = f"sheet {title}, row" if len(sheets) > 1 else "row"
        head = _heading(filled, is_heading)
        if head is None:
            remarks += [f"sheet {title}: has no row of headings, and was left out"] if filled and title else []
            continue
        headings = _named(filled[head][1])
        rows += [Row(f"{place} {number}", _cells(headings, cells)) for number, cells in filled[head + 1 :]]
    if not rows:
        raise ImportProblem(f"{path}: no devices below a row of headings (right form: name,address,class)")
    return Table(tuple(rows), tuple(remarks))


def _heading(lines: Sequence[tuple[int, Sequence[str]]], is_heading: IsHeading) -> int | None:
    """Return which line has the most known headings: two at least."""
    known = [sum(map(is_heading, cells)) for _, cells in lines[:HEADING_ROWS]]
    return known.index(max(known)) if known and max(known) >= 2 else None


def _named(headings: Sequence[str]) -> list[str]:
    """Give a column without a heading, or with one that is there already, a name of its own."""
    named: list[str] = []
    for number, heading in enumerate(headings, 1):
        name = heading or f"column {number}"
        named.append(f"{name} ({number})" if name in named else name)
    return named


def _cells(headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    more = [f"column {number}" for number in range(len(headings) + 1, len(cells) + 1)]
    return {heading: cell for heading, cell in zip([*headings, *more], cells, strict=False) if cell}


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
    return str(cell).strip()


# ---- NetBox ----


def _netbox(path: Path, is_heading: IsHeading) -> Table:
    """Read what `GET /api/dcim/devices/` answers, or the list of its `results`."""
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ImportProblem(f"{path}: is not JSON: {error}") from None
    devices = data.get("results") if isinstance(data, dict) else data
    if not isinstance(devices, list) or not devices:
        raise ImportProblem(f"{path}: has no list of devices (right form: what /api/dcim/devices/ answers)")
    remarks = []
    total = data.get("count") if isinstance(data, dict) else None
    if isinstance(total, int) and total > len(devices):
        remarks.append(f"has {len(devices)} of NetBox's {total} devices: export them all (?limit=0)")
    return Table(tuple(Row(f"device {n}", dict(_device(each))) for n, each in enumerate(devices, 1)), tuple(remarks))


def _device(device: Any) -> Iterator[tuple[str, str]]:
    """Yield a device's columns. One that is no mapping is a single cell, and told as such."""
    if not isinstance(device, dict):
        yield "device", _said(device)
        return
    address = next((device[key] for key in ("primary_ip", "primary_ip4", "primary_ip6") if device.get(key)), None)
    if address:
        yield "address", _said(address)
    for key, value in device.items():
        if key not in NETBOX_LEFT_OUT and not key.endswith("_count"):
            yield from _columns(NETBOX_KEYS.get(str(key), str(key)), value)


def _columns(heading: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a column; one for each field of what has no name, as `custom_fields`."""
    if isinstance(value, dict) and not any(value.get(key) for key in NAMED_BY):
        for key, each in value.items():
            yield from _columns(f"{heading}.{key}", each)
    elif said := _said(value):
        yield heading, said


def _said(value: Any) -> str:
    """Return what a person would call a value: an object by its name, a list by its items."""
    if isinstance(value, dict):
        maker = [_said(value["manufacturer"])] if value.get("manufacturer") else []
        for key in NAMED_BY:
            if value.get(key) not in (None, ""):
                return " ".join([*maker, _said(value[key])])
        return ", ".join(f"{key} {said}" for key, each in value.items() if (said := _said(each)))
    if isinstance(value, list):
        return ", ".join(filter(None, map(_said, value)))
    return "" if value is None else str(value).strip()

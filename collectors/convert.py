"""Turn one row of raw values into samples and labels: what the SNMP and the CLI decoder share. Pure.

A row maps column keys (`Column.key`) to raw values. Devices send anything: what comes out is finite numbers, and text
without control characters.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from collectors.model import Health, Number, Sample, Value
from collectors.profiles.rules import Column, Limit, Symbol, Tag
from collectors.profiles.words import Later
from collectors.vocabulary import VOCABULARY

Row = Mapping[str, Value]

MAX_TEXT = 1024  # characters of one text; SnmpAdminString has 255 octets
SHORT = 64  # octets of a text that is remembered
MAX_DIGITS = 40  # characters of a number in text

_LONE_HIGH_BYTE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
_NUMBER = re.compile(rf"([+-]?{_DIGITS}(?:[eE][+-]?\d{{1,3}})?)(?![.,]?\d)(\D*)", re.ASCII)
_OCTETS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.|[eE]|$)")
_NOTHING = frozenset({"", "-", "--", "---", "n/a", "na", "none", "null", "unknown", "nil", "not available", "absent"})


class NotANumber(ValueError):
    """A device's value that should be a number and is not."""


# ---- text ----


def text(value: Value) -> str:
    """Return a raw value as text for people and labels: no control characters, spaces collapsed, at most MAX_TEXT.

    Octets are read as UTF-8, else GB18030, else Latin-1; addresses and other binary become `00:1a:2b:3c:4d:5e`.
    """
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _known_text(value) if len(value) <= SHORT else _text_of(value)
    return str(value) if isinstance(value, int) else clean(str(value))


def _text_of(octets: bytes) -> str:
    decoded = _decoded(octets)
    return octets[:64].hex(":") if decoded is None else clean(decoded)


_known_text = lru_cache(maxsize=16_384)(_text_of)
"""Of short texts: devices of one kind name their ports alike, and then share the texts too."""


def clean(words: str) -> str:
    """Keep control, format and non-characters out of a text; line breaks become single spaces."""
    if not words.isascii() or not words.isprintable():
        words = "".join(map(_harmless, words[: MAX_TEXT * 4]))
    return " ".join(words.split())[:MAX_TEXT].rstrip()


def _harmless(char: str) -> str:
    category = unicodedata.category(char)
    if char in "\t\r\n\v\f\x85" or category in ("Zl", "Zp"):
        return " "
    return "" if category in ("Cc", "Cf", "Cs", "Co", "Cn") else char


def _decoded(octets: bytes) -> str | None:
    """Return the octets' text, or None for binary."""
    words = octets.rstrip(b"\0")[: MAX_TEXT * 4]
    controls = len(_CONTROL_BYTES.findall(words))
    address = len(octets) in (6, 8)
    if controls and (address or controls * 4 >= len(words)):
        return None
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded_legacy(words, address=address)


def _decoded_legacy(words: bytes, *, address: bool) -> str | None:
    # one high byte between ASCII is "°C" in Latin-1; hanzi come in pairs
    encoding = "latin-1" if _LONE_HIGH_BYTE.search(words) else "gb2312" if address else "gb18030"
    try:
        return words.decode(encoding)
    except UnicodeDecodeError:
        return None if address else words.decode("latin-1")


# ---- numbers ----


def number(value: Value) -> Number | None:
    """Return a raw value as a finite number; None for what says there is none (empty, N/A, NaN).

    Text may carry thousands separators and a unit: `1,234`, `23.5 C`; a binary one counts: `40.2MiB` is octets. Raises
    NotANumber for any other text.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return _text_number(text(value) if _decoded(value) is not None else f"octets {value[:16].hex()}")
    return _text_number(text(value))


def _text_number(words: str) -> Number | None:
    if words.lower() in _NOTHING:
        return None
    match = _NUMBER.fullmatch(words.strip())
    if match is None or len(match[1]) > MAX_DIGITS:
        raise NotANumber(f"{words[:60]!r} is not a number")
    digits = match[1]
    digits = digits.replace(",", "") if _THOUSANDS.match(digits) else digits.replace(",", ".")
    parsed: Number = int(digits) if digits.lstrip("+-").isdigit() else float(digits)
    unit = _OCTETS.get(match[2].strip())
    if not math.isfinite(parsed * (unit or 1)):
        return None
    return round(parsed * unit) if unit else parsed


def _exact(value: float) -> Number:
    """Keep whole factors whole: bytes and counters are exact beyond 2^53."""
    return int(value) if value.is_integer() else value


def _tidy(value: Number) -> Number:
    """Drop the binary noise of scaling: 3 x 0.1 is 0.3."""
    return value if isinstance(value, int) else float(f"{value:.12g}")


# ---- rows ----


def extract(column: Column, value: Value) -> Value:
    """Return a column's value with its extract_value, unsigned and hex done; None where there is none."""
    if value is None:
        return None
    if column.hex and isinstance(value, bytes):
        return value.hex()
    if column.reading is not None:
        decoded = column.reading.decoded(value)
        return decoded if column.reading.pattern is None else column.reading.matched(text(decoded))
    if column.extract_value is not None:
        match = re.search(column.extract_value, text(value))
        return None if match is None else match[1 if match.re.groups else 0]
    if column.unsigned and isinstance(value, int) and -(2**31) <= value < 0:
        return value + 2**32
    return value


def is_as_read(column: Column) -> bool:
    """Say whether `extract` leaves every value of a column as it is."""
    return not (column.hex or column.unsigned or column.reading is not None or column.extract_value is not None)


def counts(row: Row, where: Mapping[str, list[str]], where_not: Mapping[str, list[str]] | None = None) -> bool:
    """Say whether a row has one of the raw values of each `where` column, and none of `where_not`'s."""
    for key, allowed in where.items():
        if text(row.get(key)) not in allowed:
            return False
    return not where_not or not any(text(row.get(key)) in refused for key, refused in where_not.items())


def labels(
    tags: Iterable[Tag], value_of: Callable[[Tag], Value], row: Row = MappingProxyType({}), index: str = ""
) -> dict[str, str]:
    """Return the labels of a row: the first tag of a name that has text wins. `value_of` reads a tag's raw value."""
    found: dict[str, str] = {}
    for tag in tags:
        if not found.get(tag.tag):
            found[tag.tag] = tag_text(tag, value_of(tag), row, index)
    return found


def tag_text(tag: Tag, value: Value, row: Row = MappingProxyType({}), index: str = "") -> str:
    """Return a tag's text, mapped and formatted; "" where the value has none, or the index not the arcs named."""
    words = text(value)
    words = tag.mapping.get(words, words)
    if not words or tag.format == "{}":
        return words
    others = {name: text(row.get(name)) for name in tag.named}
    try:
        return clean(tag.format.format(words, *index.split("."), **others))
    except IndexError:
        return ""


def sample(
    symbol: Symbol, row: Row, row_labels: Mapping[str, str], *, entity: str = "", oid: str | None = None
) -> Sample | None:
    """Return the sample (or device_limit) a symbol makes of a row; None where the row has no value for it.

    `row_labels` are the row's tags; labels the vocabulary does not give this name are left out, and an empty `entity`
    label becomes the `entity` given. Raises NotANumber.
    """
    value = row.get(symbol.key)
    if value is None or (symbol.where and not counts(row, symbol.where)):
        return None
    if symbol.skip and text(value) in symbol.skip:
        return None
    every = _every(row_labels, entity) | symbol.labels
    if symbol.states is not None:
        return _state(symbol, value, every, oid)
    figure = _figure(symbol, value, row)
    if figure is None:
        return None
    if symbol.limit is not None:
        return Sample("device_limit", _limit_labels(symbol.limit, every), figure, oid)
    return None if symbol.sample is None else Sample(symbol.sample, _own(symbol.sample, every), figure, oid)


def labels_of(name: str, row_labels: Mapping[str, str], entity: str) -> dict[str, str]:
    """Return the labels that a sample of a row has, by its name and the row's tags."""
    return _own(name, _every(row_labels, entity))


def _every(row_labels: Mapping[str, str], entity: str) -> dict[str, str]:
    return {"entity": entity} | {label: words for label, words in row_labels.items() if words}


def _own(name: str, every: Mapping[str, str]) -> dict[str, str]:
    if name not in VOCABULARY:  # of a community profile: its labels are its row's tags
        return {label: words for label, words in every.items() if label != "entity"}
    return {label: every.get(label, "") for label in VOCABULARY[name].labels}


def _limit_labels(limit: Limit, every: Mapping[str, str]) -> dict[str, str]:
    entity = every["entity"] if "entity" in VOCABULARY[limit.sample].labels else ""
    return {"sample": limit.sample, "entity": entity, "level": limit.level, "direction": limit.direction}


def _state(symbol: Symbol, value: Value, every: Mapping[str, str], oid: str | None) -> Sample | None:
    """An unlisted raw value is a state of unknown health: never nothing, never ok."""
    raw = text(value)
    states = symbol.states or {}
    state = states.get(raw) or states.get(raw.lower())
    if not raw or symbol.sample is None or (state is not None and state.health == "skip"):
        return None
    health = Health.UNKNOWN if state is None else Health(state.health)
    says = {"state": raw if state is None else state.text, "health": health.value}
    return Sample(symbol.sample, _own(symbol.sample, {**every, **says}), 1, oid)


def _figure(symbol: Symbol, value: Value, row: Row) -> Number | None:
    """Run the conversions in the order rules.Symbol lists them."""
    if symbol.enum is not None:
        return _listed(symbol.enum, text(value))
    if symbol.later_than is not None:
        return _later(symbol.later_than, value, row)
    if symbol.present:
        value = 1 if text(value) else None
    if symbol.date:
        value = _moment(symbol.date, text(value))
    figure = _arithmetic(symbol, number(value), row)
    if figure is None:
        return None
    exponent = _exponent(symbol, row)
    if exponent:
        figure = figure * 10.0**exponent
    figure = figure * _exact(symbol.scale) + _exact(symbol.offset)
    if symbol.to_dbm:
        return _within(symbol, round(10 * math.log10(figure), 2)) if figure > 0 else None
    return _within(symbol, figure)


def _listed(enum: Mapping[str, float], raw: str) -> Number | None:
    value = enum.get(raw, enum.get(raw.lower()))
    return None if value is None else _exact(value)


def _moment(forms: Iterable[str], words: str) -> int | None:
    """Read a date in one of the forms as seconds since 1970, as if the device's clock were at UTC."""
    for form in forms:
        try:
            return int(datetime.strptime(words, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    return None


def _later(rule: Later, moment: Value, row: Row) -> Number | None:
    mine, other, clock = (number(each) for each in (moment, row.get(rule.column), row.get(rule.clock)))
    if mine is None or other is None or clock is None or max(mine, other) > clock:
        return None
    return int(mine > other and mine > rule.settle * 100)


def _arithmetic(symbol: Symbol, figure: Number | None, row: Row) -> Number | None:
    keys = (*symbol.plus, *symbol.minus, *symbol.times, *symbol.per)
    if not keys:
        return figure
    others = {key: number(row.get(key)) for key in keys}
    known = {key: other for key, other in others.items() if other is not None}
    if figure is None or len(known) < len(others):
        return None
    figure += sum(known[key] for key in symbol.plus) - sum(known[key] for key in symbol.minus)
    for key in symbol.times:
        figure *= known[key]
    if not symbol.per:
        return figure
    divisor = sum(known[key] for key in symbol.per)
    return figure / divisor if divisor else None


def _exponent(symbol: Symbol, row: Row) -> int:
    """RFC 3433: EntitySensorDataScale 9 is units, each step 10^3; EntitySensorPrecision above 0 is decimal places."""
    scale = number(row.get(symbol.si_scale)) if symbol.si_scale else None
    precision = number(row.get(symbol.precision)) if symbol.precision else None
    if scale is not None and not 1 <= scale <= 17:
        raise NotANumber(f"{scale} is not a scale (RFC 3433: 1 to 17)")
    if precision is not None and not -8 <= precision <= 9:
        raise NotANumber(f"{precision} is not a precision (RFC 3433: -8 to 9)")
    return (0 if scale is None else int(scale) * 3 - 27) - max(0, int(precision or 0))


def _within(symbol: Symbol, figure: Number) -> Number | None:
    if isinstance(figure, float) and not math.isfinite(figure):
        return None
    figure = _tidy(figure)
    too_low = symbol.min is not None and figure < symbol.min
    too_high = symbol.max is not None and figure > symbol.max
    return None if too_low or too_high else figure

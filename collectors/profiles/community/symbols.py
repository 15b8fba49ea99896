"""Translate a community file's objects: where a value is read, how it is taken, and as what it is exported. Pure."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from collectors.profiles.community import names
from collectors.profiles.community.notes import Notes
from collectors.profiles.reading import Octets, Reading, compiled
from collectors.profiles.rules import Column, Symbol
from collectors.profiles.words import Oid
from collectors.vocabulary import Meaning
from collectors.yamlfile import KeyPath

MAX_ARCS = 128  # RFC 2578, 3.5
_ARC = re.compile(r"[0-9]{1,10}")

Type = Literal["gauge", "counter", "untyped"]

# Datadog's metric types. What it makes a rate or a count of is a counter: Prometheus makes the rate
TYPES: dict[str, Type] = {
    "gauge": "gauge",
    "flag_stream": "gauge",
    **dict.fromkeys(
        ("rate", "counter", "percent", "monotonic_count", "monotonic_count_and_rate", "zero_based_counter"), "counter"
    ),
}
_LITTLE: Octets = "little_endian"
_BIG: Octets = "big_endian"
# Datadog and Netdata: format. Kentik: conversion
OCTETS: dict[str, Octets] = {
    "mac_address": "mac_address",
    "ip_address": "ip_address",
    "hex": "hex",
    "uint32": "uint32",
    "snmp_dateandtime": "date_and_time",
    "hwaddr": "mac_address",
    "hextoip": "ip_address",
    **{f"hextoint:LittleEndian:uint{bits}": _LITTLE for bits in (16, 32, 64)},
    **{f"hextoint:BigEndian:uint{bits}": _BIG for bits in (16, 32, 64)},
}
# read by us or of no consequence for us: when others poll it, and how they draw it
INERT = ("MIB", "poll_time_sec", "chart_meta", "description", "unit", "family", "help", "allow_duplicate")
_TAKEN = ("OID", "name", "extract_value", "match_pattern", "match_value", "format", "conversion")
_SYMBOL = (
    *_TAKEN,
    *INERT,
    "tag",
    "metric_type",
    "forced_type",
    "scale_factor",
    "constant_value_one",
    "enum",
    "mapping",
)
COLUMN = (*_TAKEN, *INERT, "tag", "enum", "mapping")


class Exported(Symbol):
    """A symbol whose sample has the name its community file gives it, and the row's tags as labels."""

    sample: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A symbol translated, and what its sample means."""

    symbol: Exported
    meaning: Meaning

    @property
    def name(self) -> str:
        return self.symbol.sample or ""


def oid_of(data: Mapping[str, Any], path: KeyPath, notes: Notes) -> Oid | None:
    """Return the OID of an object; None, named, where it has none."""
    given = data.get("OID")
    arcs = str(given or "").strip().strip(".").split(".")
    if 2 <= len(arcs) <= MAX_ARCS and all(_ARC.fullmatch(arc) for arc in arcs):
        return ".".join(str(int(arc)) for arc in arcs)
    notes.add((*path, "OID") if "OID" in data else path, "no_oid", data.get("name") or given or "")
    return None


def reading_of(data: Mapping[str, Any], path: KeyPath, notes: Notes) -> Reading | None:
    """Return how a value is taken; None where it is taken as it is. Raises ValueError, named, where it cannot be."""
    octets = _octets(data, path, notes)
    key = "match_pattern" if data.get("match_pattern") is not None else "extract_value"
    pattern = data.get(key)
    if pattern is None:
        return Reading(octets=octets) if octets else None
    checked = pattern_of(pattern, (*path, key), notes)
    becomes = str(data.get("match_value") or "$1") if key == "match_pattern" else "$1"
    if key == "extract_value" and not compiled(checked).groups:
        becomes = "$0"
    return Reading(octets=octets, pattern=checked, becomes=becomes)


def pattern_of(pattern: object, path: KeyPath, notes: Notes) -> str:
    """Return a pattern that RE2 has. Raises ValueError, named, for another."""
    try:
        compiled(str(pattern))
    except ValueError as error:
        notes.add(path, "pattern", error)
        raise
    return str(pattern)


def _octets(data: Mapping[str, Any], path: KeyPath, notes: Notes) -> Octets | None:
    for key in ("format", "conversion"):
        if data.get(key) is not None:
            octets = OCTETS.get(str(data[key]))
            if octets is None:
                notes.add((*path, key), "octets", data[key])
                raise ValueError(data[key])
            return octets
    return None


def column_of(data: Any, path: KeyPath, notes: Notes) -> Column | None:
    """Return a column that is read for a tag or a fact; None, named, where it cannot be."""
    found = notes.mapping(data, path, COLUMN)
    if found is None or (oid := oid_of(found, path, notes)) is None:
        return None
    try:
        return Column(OID=oid, name=str(found.get("name") or ""), reading=reading_of(found, path, notes))
    except ValueError:
        return None  # named


def mapping_of(data: Mapping[str, Any], path: KeyPath, notes: Notes) -> dict[str, str]:
    """Return raw value → text: Datadog's and Netdata's `mapping`, or Kentik's `enum` (text → raw value)."""
    if isinstance(data.get("enum"), dict):
        return {str(raw): str(text) for text, raw in data["enum"].items()}
    mapping = data.get("mapping")
    if isinstance(mapping, dict) and isinstance(mapping.get("items"), dict):
        mapping = mapping["items"]
    if mapping is None and data.get("enum") is None:
        return {}
    if not isinstance(mapping, dict):
        notes.add((*path, "mapping"), "form", "a mapping of raw values to texts")
        return {}
    return {str(raw): str(text) for raw, text in mapping.items()}


def symbol_of(
    data: Any, path: KeyPath, notes: Notes, *, kind: object = None, options: object = None, row: Oid | None = None
) -> Made | None:
    """Translate one symbol; None, named, where it cannot be.

    `kind` and `options` are what its metric says of its type. `row` is a column that every row of its table has, for a
    symbol that is 1 for each row.
    """
    notes.spend()
    found = notes.mapping(data, path, (*_SYMBOL, "options"))
    if found is None:
        return None
    named = str(found.get("tag") or found.get("name") or "")
    kind = found.get("metric_type") or found.get("forced_type") or kind
    constant = found.get("constant_value_one") == "true"
    one = constant or found.get("conversion") == "to_one"  # Kentik's: any text is 1
    oid = row if constant else oid_of(found, path, notes)
    if oid is None or not names.metric(named):
        if constant or oid is not None:
            notes.add(path, "form", "a name, and a column to tell its rows by")
        return None
    try:
        reading = Reading(pattern="(?s).*", becomes="1") if one else reading_of(found, path, notes)
        if kind == "flag_stream":
            reading, named = _flag(found.get("options") or options, named, path, notes)
        scale = _scale(found, path, notes) * (100 if kind == "percent" else 1)
    except ValueError:
        return None  # named
    name, texts = names.metric(named), mapping_of(found, path, notes)
    enum = _numbers(texts) if found.get("enum") is None else None
    special = {"reading": reading, "scale": None if scale == 1 else scale, "enum": enum}
    said = {key: value for key, value in special.items() if value is not None}  # a plain column is decoded faster
    symbol = Exported.model_validate({"OID": oid, "name": name, "sample": name, **said})
    return Made(symbol, Meaning(_type(kind, one, path, notes), _help(named, found, {} if enum else texts)))


def _type(kind: object, one: bool, path: KeyPath, notes: Notes) -> Type:
    if kind is None:
        return "gauge" if one else "untyped"
    if str(kind) not in TYPES:
        notes.add(path, "type", kind)
    return TYPES.get(str(kind), "untyped")


def _scale(found: Mapping[str, Any], path: KeyPath, notes: Notes) -> float:
    try:
        scale = float(found.get("scale_factor") or 1)
    except (TypeError, ValueError):
        scale = math.nan
    if not math.isfinite(scale):
        notes.add((*path, "scale_factor"), "form", "a number")
        raise ValueError("scale_factor")
    return scale


def _flag(options: object, named: str, path: KeyPath, notes: Notes) -> tuple[Reading, str]:
    """Datadog's flag_stream: the character at `placement`, counted from 1, exported with `metric_suffix`."""
    said = options if isinstance(options, dict) else {}
    place = str(said.get("placement") or "")
    if not place.isdecimal() or not 1 <= int(place) <= 1000:
        notes.add((*path, "options"), "form", "placement: a number of 1 and above")
        raise ValueError("placement")
    return Reading(pattern=f"^.{{{int(place) - 1}}}(.)"), f"{named}.{said.get('metric_suffix') or place}"


def _numbers(texts: Mapping[str, str]) -> dict[str, float] | None:
    """Netdata's mapping of raw text to a number (`OK: 0`); None for one of numbers to text, which is for reading."""
    try:
        return {raw: float(text) for raw, text in texts.items()} or None
    except ValueError:
        return None


def _help(named: str, found: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    chart = found.get("chart_meta")
    meta = chart if isinstance(chart, dict) else {}
    about = str(meta.get("description") or found.get("description") or f"{named} of a community profile")
    unit = meta.get("unit") or found.get("unit")
    words = about + (f" ({unit})" if unit else "")
    listed = ", ".join(f"{raw} {text}" for raw, text in texts.items())
    return (f"{words}: {listed}" if listed else words)[:500]

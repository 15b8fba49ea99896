"""Translate a community file's `metadata` and `device`: which of it are facts here. Pure."""

from collections.abc import Mapping
from typing import Any

from collectors.profiles.community.notes import Notes
from collectors.profiles.community.symbols import column_of, mapping_of
from collectors.profiles.rules import Column, FieldSource, Metadata
from collectors.yamlfile import KeyPath

FACTS = {  # Datadog's and Netdata's names of fields → ours
    "vendor": "vendor",
    "model": "model",
    "product_name": "model",
    "serial_number": "serial",
    "serial": "serial",
    "version": "os_version",
    "os_version": "os_version",
    "name": "sys_name",
    "sys_name": "sys_name",
    "location": "location",
    "contact": "contact",
    "description": "sys_descr",
    "sys_object_id": "sys_object_id",
}
_SOURCE = ("value", "symbol", "symbols", "mapping", "consumers", "description")


def translate(data: Mapping[str, Any], notes: Notes) -> Metadata:
    """Translate the fields of the device, named where no fact is like them; of its parts nothing is read."""
    fields: dict[str, FieldSource] = {}
    for path, given in _given(data, notes):
        fact = FACTS.get(str(path[-1]))
        if fact is None:
            notes.add(path, "metadata", path[-1])
        elif fact not in fields and (source := _source(given, path, notes)) is not None:
            fields[fact] = source
    return Metadata(device=Metadata.Device(fields=fields))


def _given(data: Mapping[str, Any], notes: Notes) -> list[tuple[KeyPath, Any]]:
    found: list[tuple[KeyPath, Any]] = []
    if data.get("metadata") is not None:
        for part, each in (notes.mapping(data["metadata"], ("metadata",)) or {}).items():
            at: KeyPath = ("metadata", part)
            if part != "device":
                notes.add(at, "metadata", part)
            elif (of := notes.mapping(each, at, ("fields", "id_tags"))) is not None:
                fields = notes.mapping(of.get("fields"), (*at, "fields")) or {}
                found += [((*at, "fields", key), value) for key, value in fields.items()]
    if data.get("device") is not None:
        vendor = (notes.mapping(data["device"], ("device",), ("vendor",)) or {}).get("vendor")
        found += [] if vendor is None else [(("device", "vendor"), {"value": vendor})]
    return found


def _source(given: Any, path: KeyPath, notes: Notes) -> FieldSource | None:
    notes.spend()
    found = notes.mapping(given, path, _SOURCE)
    if found is None:
        return None
    listed = notes.listed(found.get("symbols"), (*path, "symbols"))
    if found.get("symbol") is not None:
        listed = [((*path, "symbol"), found["symbol"]), *listed]
    columns = [column for at, each in listed if (column := column_of(each, at, notes)) is not None]
    value = None if found.get("value") is None else str(found["value"])
    if not columns and value is None:
        return None
    return FieldSource(
        value=value,
        symbols=[c for column in columns for c in _instances(column)],
        mapping=mapping_of(found, path, notes),
    )


def _instances(column: Column) -> list[Column]:
    if f"{column.OID}".endswith(".0"):
        return [column]
    return [column, column.model_copy(update={"OID": f"{column.OID}.0"})]

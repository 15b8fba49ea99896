"""Facts of a device: the first source with text, and what is joined of a table's rows."""

from typing import Any

import pytest

from collectors.model import Value
from collectors.oid_text import rows_of
from collectors.snmp_decode import decode
from tests.collectors.tables import T, column, profile

MODEL = "1.3.6.1.4.1.32473.5.0"
OTHER = "1.3.6.1.2.1.47.1.1.1.1.13.1"


@pytest.mark.parametrize(
    ("source", "rows", "model"),
    [
        ({"value": "EX-1"}, {}, "EX-1"),
        ({"symbol": {"OID": MODEL}}, {MODEL: b" EX-2 \0"}, "EX-2"),
        ({"symbols": [{"OID": MODEL}, {"OID": OTHER}]}, {MODEL: b"", OTHER: b"EX-3"}, "EX-3"),
        ({"symbol": {"OID": MODEL}, "value": "EX-0"}, {}, "EX-0"),
        ({"symbol": {"OID": MODEL, "extract_value": r"(EX-\d+)"}}, {MODEL: b"Switch EX-44, 4 slots"}, "EX-44"),
        ({"symbol": {"OID": MODEL}, "mapping": {"7": "EX-7"}}, {MODEL: 7}, "EX-7"),
        ({"symbol": {"OID": MODEL}, "mapping": {"7": "EX-7"}, "fallback": {"value": "EX"}}, {MODEL: 8}, "EX"),
        ({"symbol": {"OID": MODEL}, "fallback": {"symbol": {"OID": OTHER}}}, {OTHER: b"EX-5"}, "EX-5"),
        ({"symbols": [{"OID": MODEL}, {"OID": OTHER}], "format": "EX-{0}.{1:0>2}"}, {MODEL: 3, OTHER: 7}, "EX-3.07"),
        ({"symbols": [{"OID": MODEL}, {"OID": OTHER}], "format": "{0}.{1}", "value": "EX"}, {MODEL: 3}, None),
        ({"symbol": {"OID": MODEL}, "format": "EX-{0}", "fallback": {"value": "EX"}}, {}, "EX"),
        ({"symbol": {"OID": MODEL}}, {}, None),
    ],
)
def test_a_fact_is_the_first_source_with_text(
    source: dict[str, Any], rows: dict[str, Value], model: str | None
) -> None:
    facts = decode(profile(device={"fields": {"model": source}}), rows_of(rows)).facts
    assert facts == ({} if model is None else {"model": model})


def test_a_fact_finds_an_instance_of_a_column_that_is_walked() -> None:
    facts = {"fields": {"model": {"symbol": {"OID": f"{T}.4.2.1"}}}}
    assert decode(profile(device=facts), column(4, {"2.1": b"EX-9"})).facts == {"model": "EX-9"}


@pytest.mark.parametrize(("first", "serial"), [(False, "A1, B2"), (True, "A1")])
def test_a_fact_of_a_table_joins_the_rows_that_count(first: bool, serial: str) -> None:
    chassis = {"columns": [{"OID": f"{T}.5", "name": "class"}], "where": {"class": ["3"]}, "first": first}
    rows = column(11, {"10": b"B2", "2": b"A1", "3": b"fan", "4": b"", "5": b"A1"}) | column(
        5, {"10": 3, "2": 3, "3": 7, "4": 3, "5": 3}
    )
    tables = [{"fact": "serial", "symbol": {"OID": f"{T}.11"}, **chassis}]
    assert decode(profile(tables=tables), rows).facts == {"serial": serial}


def test_a_fact_of_a_table_counts_rows_by_a_part_of_a_text() -> None:
    firmware = {"columns": [{"OID": f"{T}.5", "name": "of", "extract_value": r"\b(BMC)\b"}], "where": {"of": ["BMC"]}}
    rows = column(11, {"1": b"5.02", "2": b"3.10"}) | column(5, {"1": b"BIOS", "2": b"active BMC"})
    tables = [{"fact": "os_version", "symbol": {"OID": f"{T}.11"}, **firmware}]
    assert decode(profile(tables=tables), rows).facts == {"os_version": "3.10"}


@pytest.mark.parametrize(
    ("members", "serials"), [({"2": b"A1"}, {}), ({"2": b"A1", "9": b"B2"}, {"stack_serials": "A1, B2"})]
)
def test_a_fact_that_lists_parts_is_told_only_of_several(members: dict[str, bytes], serials: dict[str, str]) -> None:
    tables = [{"fact": "stack_serials", "symbol": {"OID": f"{T}.11"}}]
    assert decode(profile(tables=tables), column(11, members)).facts == serials


def test_a_field_goes_before_a_table() -> None:
    tables = [{"fact": "serial", "symbol": {"OID": f"{T}.11"}}]
    device = {"fields": {"serial": {"symbol": {"OID": MODEL}}}}
    rows = column(11, {"1": b"from the table"})
    assert decode(profile(device=device, tables=tables), rows).facts == {"serial": "from the table"}
    assert decode(profile(device=device, tables=tables), rows | rows_of({MODEL: b"own"})).facts == {"serial": "own"}

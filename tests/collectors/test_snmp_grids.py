"""Tables put side by side, labelled column by column: as if each row were read by itself."""

from collections.abc import Mapping

import pytest

from collectors import snmp_decode
from collectors.columns import Samples
from collectors.model import Rows, Value
from collectors.profiles.rules import Profile
from collectors.snmp_repeat import Decoder, Shared

T, U = "1.3.6.1.4.1.32473.1.1", "1.3.6.1.4.1.32473.2.1"  # the entries of two tables
NAME = {"OID": f"{T}.2", "name": "name"}
LOAD = {"OID": f"{T}.4", "name": "load", "sample": "device_cpu_ratio"}
ROWS: Rows = {
    f"{T}.2": {"1.1": b"main", "1.2": b"", "2.1": b"spare"},
    f"{T}.3": {"1.1": b"slot 1: main", "1.2": b"slot 2", "2.1": b"slot 3: spare"},
    f"{T}.4": {"1.1": 10, "1.2": 20, "2.1": 30},
    f"{U}.2": {"1": b"left", "2": b"right"},
}
OTHER: Rows = {f"{T}.2": {"1.1": b"other", "1.2": b"x", "2.1": b"z"}}


def profile_of(*metrics: Mapping[str, object]) -> Profile:
    table = {"table": {"OID": T.rpartition(".")[0], "name": "loads"}, "symbols": [LOAD]}
    return Profile.model_validate({"name": "p", "metrics": [{**table, **metric} for metric in metrics]})


def tag(**of: object) -> dict[str, object]:
    return {"tag": "entity", **of}


def said(decoded: snmp_decode.Decoded) -> list[str]:
    return sorted(map(repr, decoded.samples))


def many(decoded: snmp_decode.Decoded) -> int:
    """Return how many samples stand in grids."""
    assert isinstance(decoded.samples, Samples)
    return sum(map(len, decoded.samples.grids))


CASES: dict[str, tuple[list[Mapping[str, object]], int]] = {
    "a column, and the index of a row without text": ([{"metric_tags": [tag(symbol=NAME)]}], 3),
    "another arc of the index where there is no text": ([{"metric_tags": [tag(symbol=NAME), tag(index=2)]}], 3),
    "arcs of the index": ([{"metric_tags": [tag(index_transform=[{"start": 0, "end": 1}])]}], 3),
    "the whole index": ([{"metric_tags": [tag()]}], 3),
    "an arc that the index does not have": ([{"metric_tags": [tag(index=7)]}], 3),
    "a part of a text": (
        [{"metric_tags": [tag(symbol={"OID": f"{T}.3", "name": "slot", "extract_value": r": (\w+)"})]}],
        3,
    ),
    "another table's column, by a part of the index": (
        [{"metric_tags": [tag(symbol={"OID": f"{U}.2", "name": "side"}, index_transform=[{"start": 1, "end": 1}])]}],
        0,  # two of the rows are alike but for their index
    ),
    "a text that is formatted": ([{"metric_tags": [tag(symbol=NAME, format="Unit {1}.{2} {0}")]}], 3),
    "a text that is mapped": ([{"metric_tags": [tag(symbol=NAME, mapping={"main": "Main"})]}], 3),
    "the same text in all rows": ([{"metric_tags": [tag(value="CPU")]}], 0),
    "rows that do not count": ([{"metric_tags": [tag(symbol=NAME)], "where": {"{1}": ["1"]}}], 0),
    "a condition that all rows meet": ([{"metric_tags": [tag(symbol=NAME)], "where_not": {"{1}": ["9"]}}], 3),
    "two tables with the same tags": (
        [
            {"metric_tags": [tag(symbol=NAME)]},
            {"metric_tags": [tag(symbol=NAME)], "symbols": [{**LOAD, "sample": "device_fan_ratio"}]},
        ],
        6,
    ),
    "two tables with other tags": (
        [
            {"metric_tags": [tag(symbol=NAME)]},
            {"metric_tags": [tag(index=1), tag(index=2)], "symbols": [{**LOAD, "sample": "device_fan_ratio"}]},
        ],
        3,
    ),
    "two tables that give the same samples": ([{"metric_tags": [tag(symbol=NAME)]}] * 2, 0),
}


@pytest.mark.parametrize(("metrics", "in_grids"), CASES.values(), ids=CASES)
def test_a_table_is_labelled_as_row_by_row(metrics: list[Mapping[str, object]], in_grids: int) -> None:
    profile, shared = profile_of(*metrics), Shared()
    decoded = Decoder(profile, shared).decode(ROWS)
    assert said(decoded) == said(snmp_decode.decode(profile, ROWS))
    assert many(decoded) == in_grids
    renamed = {**ROWS, **OTHER}
    assert said(Decoder(profile, shared).decode(renamed)) == said(snmp_decode.decode(profile, renamed))


@pytest.mark.parametrize("value", [b"20", 20.5, None, -1, 2**64], ids=repr)
def test_a_column_stands_in_a_grid_only_while_all_of_it_is_whole(value: Value) -> None:
    profile, shared = profile_of({"metric_tags": [tag(symbol=NAME)]}), Shared()
    decoder = Decoder(profile, shared)
    for rows in (ROWS, {**ROWS, f"{T}.4": {**ROWS[f"{T}.4"], "1.2": value}}, ROWS):
        decoded = decoder.decode(rows)
        assert said(decoded) == said(snmp_decode.decode(profile, rows))
        assert said(Decoder(profile, shared).decode(rows)) == said(decoded)
        assert many(decoded) in (0, 3)


def test_a_profile_read_anew_is_not_taken_for_the_old_one() -> None:
    shared = Shared()
    old, new = (profile_of({"metric_tags": [tag(symbol=NAME), tag(index=arc)]}) for arc in (1, 2))
    assert said(Decoder(old, shared).decode(ROWS)) == said(snmp_decode.decode(old, ROWS))
    assert said(Decoder(new, shared).decode(ROWS)) == said(snmp_decode.decode(new, ROWS))

"""What a profile reads of a device, and what becomes of the rows."""

import math
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import profiles, snmp_decode
from collectors.model import Rows, Sample, Value
from collectors.oid_text import rows_of, split
from collectors.profiles.rules import Profile
from collectors.snmp_decode import Decoded, ReadPlan, decode, plan, samples_of
from collectors.vocabulary import VOCABULARY
from tests.collectors.tables import TEMP, T, column, profile, table

U = "1.3.6.1.4.1.32473.2.1"  # another table's entry


def values(decoded: Decoded) -> dict[str, float]:
    return {sample.labels.get("entity", ""): sample.value for sample in decoded.samples}


# ---- plan ----


def test_scalars_are_got_and_columns_walked_with_their_own_table_each_once() -> None:
    tags = [{"tag": "entity", "symbol": {"OID": f"{U}.7", "name": "name"}}]
    first = table(metric_tags=tags, columns=[{"OID": f"{T}.10", "name": "a"}, {"OID": f"{T}.2", "name": "b"}])
    second = table(metric_tags=tags, columns=[{"OID": "1.3.6.1.4.1.32473.9.0", "name": "unit"}])
    scalar = {"symbol": {"OID": ".1.3.6.1.2.1.1.3.0", "name": "sysUpTime", "sample": "device_uptime_seconds"}}
    facts = {"fields": {"model": {"symbol": {"OID": "1.3.6.1.2.1.47.1.1.1.1.13.1"}}}}
    serial = {"fact": "serial", "symbol": {"OID": f"{U}.11"}, "columns": [{"OID": f"{U}.5"}]}
    assert plan(profile(first, second, scalar, device=facts, tables=[serial])) == ReadPlan(
        scalars=("1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.47.1.1.1.1.13.1", "1.3.6.1.4.1.32473.9.0"),
        tables=((f"{T}.2", f"{T}.4", f"{T}.10"), (f"{U}.5", f"{U}.7", f"{U}.11")),
    )


def test_tables_are_walked_by_their_oids_and_those_of_lldp_last() -> None:
    heard = "1.0.8802.1.1.2.1.4.1.1.6"
    lldp = table(symbols=[{"OID": heard, "enum": {"5": 1}, "sample": "device_neighbour"}])
    assert plan(profile(lldp, table())).tables == ((f"{T}.4",), (heard,))


def test_the_plan_of_a_built_in_profile_reads_no_object_twice() -> None:
    for each in profiles.load().values():
        read = plan(each)
        walked = [oid for columns in read.tables for oid in columns]
        assert len(walked) == len(set(walked))
        assert len(read.scalars) == len(set(read.scalars))
        assert not set(walked) & {oid.rpartition(".")[0] for oid in read.scalars if oid.endswith(".0")}


@pytest.mark.parametrize(
    ("lost", "names"),
    [
        (f"{T}.4", {TEMP}),
        (f"{T}.5", {"device_limit"}),
        (f"{T}.6", {"device_limit"}),  # what it is divided by
        (f"{T}.2", {TEMP, "device_limit"}),  # which rows count
        (f"{U}.7", {TEMP, "device_limit"}),  # what they are called
        (f"{U}.8", set()),
    ],
)
def test_what_could_not_be_read_costs_the_samples_made_of_it(lost: str, names: set[str]) -> None:
    limit = {"sample": TEMP, "level": "critical", "direction": "above"}
    metric = table(
        symbols=[
            {"OID": f"{T}.4", "name": "value", "sample": TEMP},
            {"OID": f"{T}.5", "name": "high", "limit": limit, "per": "unit"},
        ],
        columns=[{"OID": f"{T}.2", "name": "status"}, {"OID": f"{T}.6", "name": "unit"}],
        where={"status": ["1"]},
        metric_tags=[{"tag": "entity", "symbol": {"OID": f"{U}.7", "name": "name"}}],
    )
    assert samples_of(profile(metric), [lost]) == names


def test_a_profile_expects_all_it_names() -> None:
    limit = {"sample": TEMP, "level": "critical", "direction": "above"}
    metric = table(symbols=[{"OID": f"{T}.4", "sample": TEMP}, {"OID": f"{T}.5", "limit": limit}])
    assert snmp_decode.expected(profile(metric)) == {TEMP, "device_limit"}


# ---- rows ----


def test_rows_are_joined_by_their_index_in_the_order_of_numbers() -> None:
    metric = table(metric_tags=[{"tag": "entity", "symbol": {"OID": f"{T}.2", "name": "name"}}])
    rows = column(4, {"10": 30, "9": 29, "2.1": 21}) | column(2, {"9": b"CPU", "10": b"NPU", "2.1": b"PSU", "3": b"-"})
    decoded = decode(profile(metric), rows)
    assert [(s.labels["entity"], s.value, s.oid) for s in decoded.samples] == [
        ("PSU", 21, f"{T}.4.2.1"),
        ("CPU", 29, f"{T}.4.9"),
        ("NPU", 30, f"{T}.4.10"),
    ]


@pytest.mark.parametrize(
    ("tag", "entity"),
    [
        ({"index": 2}, "7"),
        ({"index": 3}, "4.7"),  # there is no third arc: the whole index stands in
        ({}, "4.7"),
        ({"format": "Slot {}"}, "Slot 4.7"),
        ({"value": "Chassis"}, "Chassis"),
        ({"column": "kind", "mapping": {"1": "inlet"}}, "inlet"),
        ({"symbol": {"OID": f"{T}.2", "name": "own"}}, "own name"),
        ({"symbol": {"OID": f"{T}.2", "name": "own", "extract_value": r"^(\w+)"}}, "own"),
        ({"symbol": {"OID": f"{U}.2", "name": "other"}, "index_transform": [{"start": 0, "end": 0}]}, "board 4"),
        ({"symbol": {"OID": f"{U}.2", "name": "other"}, "via": "pointer"}, "board 66"),
        ({"symbol": {"OID": f"{U}.3", "name": "missing"}}, "4.7"),
        ({"symbol": {"OID": "1.3.6.1.4.1.32473.3.0", "name": "scalar"}}, "everywhere"),
        ({"index_transform": [{"start": 1, "end": 1}, {"start": 0, "end": 0}]}, "7.4"),
    ],
)
def test_a_row_is_named_by_its_tags(tag: dict[str, Any], entity: str) -> None:
    columns = [{"OID": f"{T}.5", "name": "kind"}, {"OID": f"{T}.6", "name": "pointer"}]
    metric = table(columns=columns, metric_tags=[{"tag": "entity", **tag}])
    rows = (
        column(4, {"4.7": 40})
        | column(5, {"4.7": 1})
        | column(6, {"4.7": ".66."})
        | column(2, {"4.7": b"own name"})
        | column(2, {"4": b"board 4", "66": b"board 66"}, entry=U)
        | {"1.3.6.1.4.1.32473.3": {"0": b"everywhere"}}
    )
    assert values(decode(profile(metric), rows)) == {entity: 40}


def test_a_later_tag_of_the_same_name_falls_back() -> None:
    tags = [{"tag": "entity", "symbol": {"OID": f"{T}.{n}", "name": str(n)}} for n in (2, 3)]
    rows = (
        column(4, {"1": 20, "2": 21}) | column(2, {"1": b"", "2": b"name"}) | column(3, {"1": b"descr", "2": b"descr"})
    )
    assert values(decode(profile(table(metric_tags=tags)), rows)) == {"descr": 20, "name": 21}


def test_a_part_of_the_index_reads_a_column_of_another_table() -> None:
    shared = {"OID": f"{U}.2", "name": "total", "index_transform": [{"start": 0, "end": 0}]}
    symbols = [{"OID": f"{T}.4", "name": "used", "per": "total", "sample": "device_memory_ratio"}]
    rows = column(4, {"1.1": 25, "2.1": 25}) | column(2, {"1": 100, "2": 50}, entry=U)
    assert values(decode(profile(table(symbols=symbols, columns=[shared])), rows)) == {"1.1": 0.25, "2.1": 0.5}


def test_rows_that_do_not_count_are_left_out() -> None:
    metric = table(
        columns=[{"OID": f"{T}.2", "name": "type"}, {"OID": f"{T}.3", "name": "status"}],
        where={"type": ["8"]},
        where_not={"status": ["2"]},
    )
    rows = (
        column(4, dict.fromkeys("1234", 20)) | column(2, {"1": 8, "2": 8, "3": 9}) | column(3, {"1": 1, "2": 2, "3": 1})
    )
    assert values(decode(profile(metric), rows)) == {"1": 20}


@pytest.mark.parametrize(
    ("in_use", "indexes"),
    [(1, {"1", "1.1"}), (b"2", {"1", "2", "1.1"}), (3, {"1", "2", "3", "1.1"}), (None, {"1", "2", "3", "1.1"})],
)
def test_rows_that_are_not_in_use_are_left_out(in_use: Value, indexes: set[str]) -> None:
    lines = "1.3.6.1.4.1.32473.3.0"
    metric = table(columns=[{"OID": lines, "name": "lines"}], rows="lines")
    rows = column(4, dict.fromkeys(("1", "2", "3", "1.1"), 20)) | rows_of({lines: in_use})
    assert values(decode(profile(metric), rows)).keys() == indexes


def test_an_arc_of_the_index_is_a_column_too() -> None:
    kind = {"index": 2, "name": "kind"}
    value = {"OID": f"{T}.4", "name": "value", "where": {"kind": ["7"]}, "sample": TEMP}
    rows = column(4, {"1.7": 20, "2.8": 30, "3": 40})
    assert values(decode(profile(table(columns=[kind], symbols=[value])), rows)) == {"1.7": 20}


def test_a_scalar_beside_a_table_is_the_same_for_every_row() -> None:
    symbols = [{"OID": f"{T}.4", "name": "blocks", "times": ["size"], "sample": "device_storage_total_bytes"}]
    metric = table(symbols=symbols, columns=[{"OID": "1.3.6.1.4.1.32473.3.0", "name": "size"}])
    rows = column(4, {"1": 10, "2": 20}) | rows_of({"1.3.6.1.4.1.32473.3.0": 512})
    assert values(decode(profile(metric), rows)) == {"1": 5120, "2": 10240}


def test_a_figure_of_several_objects_cites_no_oid_and_is_still_there_once() -> None:
    ratio = {"OID": f"{T}.4", "name": "used", "per": "total", "sample": "device_memory_ratio"}
    total = {"OID": f"{T}.5", "name": "total", "sample": "device_memory_total_bytes"}
    metric = table(symbols=[ratio, total])
    decoded = decode(profile(metric, metric), column(4, {"1": 25}) | column(5, {"1": 100}))
    assert [(s.name, s.labels["entity"], s.oid) for s in decoded.samples] == [
        ("device_memory_ratio", "1", None),
        ("device_memory_total_bytes", "1", f"{T}.5.1"),
    ]


def test_a_scalar_without_an_entity_is_called_as_in_its_mib() -> None:
    metric = {"symbol": {"OID": "1.3.6.1.4.1.32473.3.0", "name": "exCpuUsage", "sample": "device_cpu_ratio"}}
    assert values(decode(profile(metric), rows_of({"1.3.6.1.4.1.32473.3.0": 1}))) == {"exCpuUsage": 1}


def test_the_devices_own_limit_has_the_name_of_its_sensor() -> None:
    limit = {"sample": TEMP, "level": "critical", "direction": "above"}
    symbols = [{"OID": f"{T}.4", "sample": TEMP}, {"OID": f"{T}.5", "limit": limit, "skip": ["0"], "scale": 0.1}]
    metric = table(symbols=symbols, metric_tags=[{"tag": "entity", "format": "Sensor {}"}])
    decoded = decode(profile(metric), column(4, {"1": 40, "2": 41}) | column(5, {"1": 705, "2": 0}))
    assert decoded.samples[1] == Sample("device_limit", {**limit, "entity": "Sensor 1"}, 70.5, f"{T}.5.1")
    assert len(decoded.samples) == 3


def test_two_rows_of_one_name_are_told_apart_by_the_index() -> None:
    metric = table(metric_tags=[{"tag": "entity", "value": "Fan"}])
    assert values(decode(profile(metric), column(4, {"1": 20, "2": 21}))) == {"Fan #1": 20, "Fan #2": 21}


def test_own_metrics_go_before_a_fallback() -> None:
    own = table(metric_tags=[{"tag": "entity", "value": "CPU"}])
    symbols = [{"OID": f"{U}.4", "sample": TEMP}]
    other = table(symbols=symbols, fallback=True, metric_tags=[{"tag": "entity", "symbol": {"OID": f"{U}.2"}}])
    rows = (
        column(4, {"1": 20}) | column(4, {"1": 99, "2": 50}, entry=U) | column(2, {"1": b"CPU", "2": b"NPU"}, entry=U)
    )
    assert values(decode(profile(own, other), rows)) == {"CPU": 20, "NPU": 50}


# ---- what cannot be read ----


def test_an_unreadable_row_costs_no_other_and_is_told() -> None:
    decoded = decode(profile(table()), column(4, {"1": 20, "2": b"hot", "3": b"very hot", "4": 21}))
    assert values(decoded) == {"1": 20, "4": 21}
    assert decoded.problems == ("value: 2 unreadable, first of row 2: 'hot' is not a number",)


def test_a_missing_column_makes_no_sample_and_no_problem() -> None:
    symbols = [{"OID": f"{T}.4", "name": "used", "per": "total", "sample": "device_memory_ratio"}]
    metric = table(symbols=symbols, columns=[{"OID": f"{T}.5", "name": "total"}])
    assert decode(profile(metric), column(4, {"1": 20})) == Decoded()


def test_nothing_comes_of_nothing() -> None:
    for each in profiles.load().values():
        decoded = decode(each, {})
        assert decoded.samples == ()
        assert decoded.problems == ()


# ---- hostile devices ----

BUILT_IN = profiles.load()
CELLS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.binary(max_size=24),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.sampled_from([b"1", b"9", "0.0", b"<b>"]),
)
INDEXES = st.sampled_from(["0", "1", "2", "1.1", "1.2.3.4", "10.0.0.1.0", "4294967295", ""])


@st.composite
def answers(draw: st.DrawFn) -> tuple[Profile, Rows]:
    """Any values in some of the columns of a built-in profile."""
    of = BUILT_IN[draw(st.sampled_from(sorted(BUILT_IN)))]
    read = plan(of)
    oids = [*(split(oid)[0] for oid in read.scalars), *(oid for columns in read.tables for oid in columns)]
    if not oids:
        return of, {}
    rows = st.dictionaries(st.sampled_from(oids), st.dictionaries(INDEXES, CELLS, max_size=4), max_size=12)
    return of, draw(rows)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(answers())
def test_whatever_a_device_answers_what_comes_out_is_harmless(answer: tuple[Profile, Rows]) -> None:
    decoded = decode(*answer)
    for sample in decoded.samples:
        assert math.isfinite(sample.value)
        assert tuple(sample.labels) == VOCABULARY[sample.name].labels
        assert all(harmless(words) for words in sample.labels.values())
    assert all(map(harmless, (*decoded.facts.values(), *decoded.problems)))
    assert len({sample.series for sample in decoded.samples}) == len(decoded.samples)


def harmless(words: object) -> bool:
    return type(words) is str and not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in words)

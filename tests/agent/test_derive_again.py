"""What was worked out of earlier readings changes nothing: each reading derives and is judged as from the start."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import judging
from agent.checks import load
from agent.derive import CONCERNING, RULES, derive
from agent.derive.counters import grown
from agent.derive.ports import Face
from agent.derive.readings import Readings, Rule
from agent.derive.tables import Table
from agent.derive.traffic import Most, Traffic
from agent.model import Severity, Track
from collectors.columns import Grid, Rows, Samples, packed
from collectors.model import Snapshot
from tests.agent.said import DAY, MINUTE, entry, snapshot, values
from tests.agent.succession import Succession

CHECKS = load()
devices = st.integers(0, 2**32).map(lambda seed: Succession(random.Random(seed)))  # noqa: S311 - no secret
few = settings(max_examples=30)  # up to ten readings each


def told(found: Snapshot) -> tuple[object, ...]:
    """All of a derived snapshot, its samples in no order."""
    return sorted(map(repr, found.samples)), found.expected, found.failures


def alone(reading: Snapshot) -> Snapshot:
    """The same reading, its samples one by one, those of ports first: nothing can be kept with them."""
    samples = Samples.of(reading.samples)
    return replace(reading, samples=(*(sample for grid in samples.grids for sample in grid), *samples.plain))


@few
@given(devices)
def test_a_reading_derives_as_it_would_without_those_before_it_kept(device: Succession) -> None:
    kept = lone = None
    for site, reading in device.readings(10):
        kept, lone = derive(reading, kept, site), derive(alone(reading), lone, site)
        assert told(kept) == told(lone)
        if device.chance.random() < 0.05:  # the store has it one by one
            kept = alone(kept)


@few
@given(devices)
def test_a_reading_is_judged_as_it_would_be_without_those_before_it_kept(device: Succession) -> None:
    kept = lone = None
    tracks: dict[judging.Key, Track] = {}
    for site, reading in device.readings(8):
        some = judging.judge(CHECKS, site, reading, previous=kept, tracks=tracks, quiet=True)
        other = judging.judge(CHECKS, site, alone(reading), previous=lone, tracks=tracks, quiet=True)
        assert some.not_applicable == other.not_applicable
        calm = {*some.calm, *other.calm}  # rows that were made anew are not known to be the same
        first, second = ([j for j in each.judged if j.result.check not in calm] for each in (some, other))
        assert repr(first) == repr(second)
        left_out = (j for each in (some, other) for j in each.judged if j.result.check in calm)
        assert all(j.result.severity is Severity.OK and j.track == Track() for j in left_out)
        assert judging.remember(tracks, some) == judging.remember(tracks, other)
        kept, lone, tracks = some.snapshot, other.snapshot, judging.remember(tracks, some)


@few
@given(devices)
def test_a_rule_makes_nothing_of_a_device_it_does_not_concern(device: Succession) -> None:
    before = None
    for site, reading in device.readings(4):
        for rule in (rule for rule in RULES if rule.concerns is not None):
            now = replace(reading, expected=reading.expected | rule.all_sources)
            found = rule.make(Readings.of(site, without(now, rule), before and without(before, rule)))
            assert (tuple(found.samples), found.pending) == ((), frozenset()), rule
        before = derive(reading, before, site)


def without(reading: Snapshot, rule: Rule) -> Snapshot:
    """A reading without the samples that a rule concerns."""
    concerns = rule.concerns or frozenset()
    return replace(reading, samples=tuple(sample for sample in reading.samples if sample.name not in concerns))


def test_rules_that_look_at_more_than_samples_are_asked_of_every_device() -> None:
    always = {name for rule in RULES if rule.concerns is None for name in rule.makes}
    assert {"device_fact_changed", "device_version_behind", "device_answered_timestamp_seconds"} <= always
    assert always.isdisjoint({"if_down", "ups_fault", "device_trap"})
    assert {"ifOperStatus", "device_known", "device_tally"} <= CONCERNING


# ---- ports that stand as they did ----

PORTS = Rows({"ifIndex": str(n), "ifName": f"GE0/0/{n}", "ifDescr": f"GE0/0/{n}", "ifAlias": "to x"} for n in (1, 2))
STILL = {"ifAdminStatus": [1, 1], "ifOperStatus": [1, 2], "ifHighSpeed": [1000, 1000], "ifLastChange": [5, 5]}


def still(at: float, **more: list[int]) -> Snapshot:
    grid = Grid(PORTS, {name: packed(values) for name, values in (STILL | more).items()})
    samples = Samples((), [grid])
    return replace(snapshot(samples, at), samples=samples)


def column_of(found: Snapshot, name: str) -> object:
    return next(grid.columns[name] for grid in Samples.of(found.samples).grids if name in grid.columns)


@pytest.mark.parametrize("name", ["if_down", "if_flaps_daily", "if_speed_ratio"])
def test_what_is_made_of_ports_is_handed_out_again_while_they_stand_still(name: str) -> None:
    site, found = entry(), []
    for at, more in enumerate(({}, {}, {}, {"ifLastChange": [9, 5]})):
        found.append(derive(still(at * MINUTE, **more), found[-1] if found else None, site))
    second, third, changed = (column_of(each, name) for each in found[1:4])
    assert third is second
    assert changed is not third


def test_what_happened_is_forgotten_after_a_day_though_ports_stand_still() -> None:
    site, flapped = entry(), {"ifLastChange": [9, 5]}
    found, counted = derive(still(0), None, site), []
    for at in (60, 120, 180, DAY - 3600, DAY):
        found = derive(still(at, **flapped), found, site)
        counted.append(values(found, "if_flaps_daily", "ifName")["GE0/0/1"])
    assert counted == [2, 2, 2, 2, 0]


def test_another_inventory_has_still_ports_judged_anew() -> None:
    site, found = entry(), None
    for at in range(3):
        found = derive(still(at * MINUTE), found, site)
    ignoring = derive(still(3 * MINUTE), found, entry(ignore_interfaces=("GE0/0/2",)))
    names = [s.labels["ifName"] for s in ignoring.samples if s.name == "if_down"]
    assert names == ["GE0/0/1"]


# ---- growth of whole columns ----

counts = st.integers(0, 2**64 - 1) | st.integers(0, 2**33) | st.integers(-(2**70), 2**70) | st.floats()
mosts = st.none() | st.floats(0, 1e13)
ports = st.lists(st.tuples(counts, counts | st.none(), mosts), min_size=1, max_size=6)


@settings(max_examples=300)
@given(ports, st.sampled_from([32, 64]), st.booleans(), st.booleans())
def test_a_column_grows_as_its_counters_do(rows: list, bits: int, laps: bool, moved: bool) -> None:
    rows = [(before, before if now is None or not moved else now, most) for before, now, most in rows]
    before, now, most = zip(*rows, strict=True)
    faces = [Face.of({"ifIndex": str(n)}) for n in range(len(rows))]
    tables = (Table(faces, {"count": packed(list(values))}) for values in (now, before))
    known = Traffic(*tables, 60.0, Most.of(most), Most.of(most))
    found = known.grown("count", known.octets, bits=bits, laps=laps)
    assert list(found) == [grown(b, n, bits=bits, most=m, laps=laps) for b, n, m in rows]

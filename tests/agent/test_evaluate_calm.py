"""What is calm need not be judged: judging it would only say again that all is well."""

import pickle
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import judging
from agent.checks import evaluate, of_cadence
from agent.checks.rules import Check
from agent.judging import Judgement
from agent.model import Finding, FindingState, Inventory, Judged, LimitOverride, Severity, Track
from agent.store import Known, Outcome
from agent.topology import standing_of
from collectors.columns import Grid, Rows, Samples
from collectors.model import Sample, Snapshot
from tests.agent.any_reading import RULES, few, series
from tests.agent.judged import CRITICAL, OK, TEMPERATURE, check, heat, threshold
from tests.agent.said import NOW, entry, failure, sample, silent, snapshot

BOARD = Rows([{"entity": "board"}, {"entity": "fan"}])


def grid(*celsius: float, rows: Rows = BOARD) -> Snapshot:
    samples = Samples(grids=[Grid(rows, {TEMPERATURE: list(celsius)})])
    return replace(snapshot(samples), samples=samples)


def calm(before: Snapshot, now: Snapshot, rule: Check | None = None, **more: object) -> bool:
    rule = rule or check()
    found = evaluate({rule.name: rule}, more.pop("site", entry()), now, previous=before, tracks=more, quiet=True)  # type: ignore[arg-type]
    assert bool(found.judged) != bool(found.calm)
    return bool(found.calm)


def test_figures_within_limits_of_the_same_objects_are_calm() -> None:
    assert calm(snapshot([heat(40)]), snapshot([heat(49.9)]))
    assert calm(grid(40, 41), grid(20, 49))


def test_what_reaches_a_limit_comes_or_goes_is_judged() -> None:
    before = snapshot([heat(40)])
    assert not calm(before, snapshot([heat(50)]))
    assert not calm(before, snapshot([heat(float("nan"))]))
    assert not calm(before, snapshot([heat(40), heat(40, "fan")]))
    assert not calm(snapshot([heat(40), heat(40, "fan")]), before)
    assert not calm(grid(40, 41), grid(40, 50))
    assert not calm(grid(40, 41), grid(40, 41, rows=Rows(list(BOARD))))
    assert not calm(before, snapshot([], failures=(failure(TEMPERATURE),)))


def test_a_limit_of_the_device_or_the_customer_counts() -> None:
    before, now = snapshot([heat(40)]), snapshot([heat(45)])
    strict = replace(entry(), limits={"heat": LimitOverride(warning=42)})
    assert calm(before, now, check(device_limit=True))
    assert not calm(before, snapshot([heat(45), threshold(44)]), check(device_limit=True))
    assert not calm(before, now, site=strict)


def test_figures_within_the_devices_own_limits_are_calm() -> None:
    rule, before = check(device_limit=True), snapshot([heat(40), heat(40, "fan"), threshold(80)])
    assert calm(before, snapshot([heat(79), heat(49, "fan"), threshold(80)]), rule)
    assert not calm(before, snapshot([heat(80), heat(49, "fan"), threshold(80)]), rule)
    assert not calm(before, snapshot([heat(79), heat(50, "fan"), threshold(80)]), rule)
    assert not calm(before, snapshot([heat(79), heat(49, "fan")]), rule)
    assert not calm(before, snapshot([heat(79), threshold(80)]), rule)


def test_a_transceiver_within_its_own_limits_is_calm_and_one_without_is_not_judged() -> None:
    rule = check(device_limit=True, ports_need_own_limit=True)
    port = sample("ifOperStatus", ifIndex="1", ifName="GE0/0/1", ifDescr="GE0/0/1")
    lone, own = [port, heat(70, "GE0/0/1")], threshold(80, entity="GE0/0/1")
    assert calm(snapshot([*lone, own]), snapshot([*lone, own]), rule)
    assert calm(snapshot([*lone, heat(40)]), snapshot([*lone, heat(40)]), rule)
    found = evaluate({"heat": rule}, entry(), snapshot(lone), previous=snapshot(lone), tracks={}, quiet=True)
    assert (found.judged, found.calm, found.not_applicable) == ((), (), ("heat",))


def test_checks_are_looked_up_alike_in_another_process() -> None:
    rules = of_cadence(RULES, "continuous")
    there = pickle.loads(pickle.dumps(rules))  # noqa: S301 - our own
    assert (there, there.order, there.required, there.by_sample) == (
        rules,
        rules.order,
        rules.required,
        rules.by_sample,
    )
    assert there.concerned({"device_temperature_celsius"}, {"fan", "no such check"}) == rules.required | {
        *("temperature", "server_temperature", "fan"),
    }


def test_what_was_raised_is_judged_until_it_is_over() -> None:
    rule = {"heat": check()}
    hot = Track(CRITICAL, CRITICAL, 2)
    before, now = snapshot([heat(70)]), snapshot([heat(40)])
    found = evaluate(rule, entry(), now, previous=before, tracks={("core-1", "heat", "board"): hot}, quiet=True)
    assert [(j.result.severity, j.raised) for j in found.judged] == [(OK, OK)]


def test_series_are_told_by_what_the_check_chooses() -> None:
    rule = check(where={"entity": ["board"]})
    assert calm(grid(40, 99), grid(40, 99), rule)
    assert not calm(grid(40, 40), grid(60, 40), rule)


@pytest.mark.parametrize(
    "unread", [silent(), snapshot(failures=[failure(TEMPERATURE)])], ids=["silent", "one table failed"]
)
@pytest.mark.parametrize(("may_vanish", "missing"), [(False, ["board"]), (True, [])])
def test_what_is_gone_after_a_reading_without_the_check_is_missed(
    unread: Snapshot, may_vanish: bool, missing: list[str]
) -> None:
    rule, site = {"heat": check(may_vanish=may_vanish)}, entry()
    both, one = snapshot([heat(40), heat(40, entity="cpu")]), snapshot([heat(40, entity="cpu")])
    before, tracks = None, {}
    for reading in (both, both, unread, unread, one, one):
        judged = judging.judge(rule, site, reading, previous=before, tracks=tracks, quiet=True)
        before, tracks = judged.snapshot, judging.remember(tracks, judged)
    assert [j.result.object for j in judged.judged if j.result.reason == "missing"] == missing


def test_what_is_all_there_after_a_reading_without_the_check_is_calm_again() -> None:
    rule, site, both = {"heat": check()}, entry(), snapshot([heat(40), heat(40, entity="cpu")])
    before, tracks = None, {}
    for reading in (both, silent(), both, both):
        judged = judging.judge(rule, site, reading, previous=before, tracks=tracks, quiet=True)
        before, tracks = judged.snapshot, judging.remember(tracks, judged)
    assert judged.calm == ("heat",)
    assert tracks == {}


def test_a_finding_that_is_open_is_cleared_by_a_calm_check() -> None:
    rule, site = {"heat": check()}, entry()
    inventory = Inventory(entries={"core-1": site})
    found = judging.judge(rule, site, snapshot([heat(70)]), previous=None, tracks={})
    opened = settle(inventory, rule, found)
    assert [f.state for f in opened.findings] == [FindingState.NEW]
    cool = judging.judge(rule, site, snapshot([heat(41)]), previous=snapshot([heat(40)]), tracks={}, quiet=True)
    assert (cool.judged, cool.calm) == ((), ("heat",))
    over = settle(inventory, rule, cool, *opened.findings)
    assert [(f.id, f.state) for f in over.findings] == [(opened.findings[0].id, FindingState.CLEARED)]


def settle(inventory: Inventory, rule: dict[str, Check], one: Judgement, *known: Finding) -> Outcome:
    unsaid: list[str] = []
    calm = {("core-1", name) for name in one.calm}
    standings = {"core-1": standing_of(one.snapshot)}
    store = Known({f.result.key: f for f in known}, {}, lambda: "T-1")

    def told(judged: Iterable[Judged]) -> Outcome:
        how = {
            "calm": calm,
            "unsaid": lambda _, name: unsaid.append(name),
            "standings": standings,
            "polled_since": None,
        }
        return judging.decider(inventory, rule, judged, (), NOW, **how)(store)

    outcome = told(one.judged)
    return told(judging.well(rule, inventory.entries["core-1"], one.snapshot, unsaid)) if unsaid else outcome


def drifting(first: list[Sample], chance: random.Random) -> list[list[Sample]]:
    """Readings of one device: figures move, and now and then a series comes or goes."""
    readings = [first]
    for _ in range(6):
        moved = [replace(s, value=chance.choice((s.value, s.value, 0, 1, 0.5, 70))) for s in readings[-1]]
        if moved and chance.random() < 0.2:
            moved.pop(chance.randrange(len(moved)))
        readings.append(moved)
    return [*readings, first]


def said(judged: Iterable[Judged]) -> list[str]:
    return [repr((j.result, j.raised)) for j in judged]


@few
@given(st.lists(series, max_size=10), st.randoms(use_true_random=False))
def test_quiet_judging_leaves_out_nothing_but_what_is_well(first: list[Sample], chance: random.Random) -> None:
    names = frozenset(s.name for s in first)
    before, loud, quiet = None, {}, {}
    for samples in drifting(first, chance):
        now = snapshot(samples, expected=names)
        every = evaluate(RULES, entry(), now, previous=before, tracks=loud)
        some = evaluate(RULES, entry(), now, previous=before, tracks=quiet, quiet=True)
        left_out = [j for j in every.judged if j.result.check in some.calm]
        assert all(j.result.severity is Severity.OK and j.track == Track() for j in left_out)
        assert {j.result.check for j in left_out} == set(some.calm)
        assert said(some.judged) == said(j for j in every.judged if j.result.check not in some.calm)
        assert some.not_applicable == every.not_applicable
        loud |= {j.result.key: j.track for j in every.judged}
        quiet = judging.remember(quiet, Judgement(now, some.judged, some.not_applicable, some.calm, some.unread))
        before = now

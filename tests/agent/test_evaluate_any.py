"""What holds for any reading, by all the checks there are."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.checks import evaluate
from agent.checks.tracks import NEVER
from agent.model import LimitOverride, Result, Track
from tests.agent.any_reading import RULES, device_classes, few, known_tracks, taken
from tests.agent.judged import CRITICAL, OK, UNKNOWN, WARNING, check, heat, one, threshold
from tests.agent.said import entry, snapshot


@few
@given(taken, st.none() | taken, known_tracks, device_classes)
def test_every_check_is_judged_or_does_not_apply(now, before, tracks, device_class):
    found = evaluate(RULES, entry(device_class), now, previous=before, tracks=tracks)
    judged = {j.result.check for j in found.judged}
    assert judged.isdisjoint(found.not_applicable)
    assert judged | set(found.not_applicable) == RULES.keys()
    assert len({j.result.key for j in found.judged}) == len(found.judged)


@few
@given(taken, st.none() | taken, known_tracks, device_classes)
def test_nothing_is_ok_without_a_sample_nor_unknown_without_a_reason(now, before, tracks, device_class):
    found = evaluate(RULES, entry(device_class), now, previous=before, tracks=tracks)
    there = {s.name for s in now.samples}
    for judged in found.judged:
        result = judged.result
        assert result.severity is UNKNOWN or RULES[result.check].sample in there
        assert bool(result.reason) or result.severity is not UNKNOWN


@few
@given(taken, known_tracks, device_classes)
def test_missing_data_lowers_nothing_that_was_raised(now, tracks, device_class):
    for judged in evaluate(RULES, entry(device_class), now, previous=None, tracks=tracks).judged:
        before = tracks.get(judged.result.key, NEVER)
        if judged.result.severity is UNKNOWN:
            assert judged.track == before
            assert judged.raised is (before.severity if before.severity in {WARNING, CRITICAL} else UNKNOWN)


@few
@given(taken, known_tracks, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(now, tracks, chance: random.Random):
    shuffled = list(now.samples)
    chance.shuffle(shuffled)
    again = replace(now, samples=tuple(shuffled))
    first, second = (evaluate(RULES, entry(), each, previous=None, tracks=tracks) for each in (now, again))
    assert repr(first) == repr(second)


celsius = st.integers(1, 100)
maybe = st.none() | celsius
thresholds = st.tuples(maybe, maybe)  # warning, critical
tracks_then = st.sampled_from([Track(), Track(WARNING, WARNING, 3), Track(CRITICAL, CRITICAL, 3, 3)])


def judged(value: int, device: tuple, customer: tuple, before: Track, clear: float = 0.0) -> Result:
    """Judge a temperature above its limits: the device's own, the customer's, and 50 and 60 of the check."""
    own = [threshold(v, level) for v, level in zip(device, ("warning", "critical"), strict=True) if v is not None]
    site = entry(limits={"heat": LimitOverride(*customer)})
    known = {"board": before} if before != Track() else {}
    return one(snapshot([heat(value), *own]), check(device_limit=True, clear=clear), known=known, site=site).result


@given(celsius, thresholds, thresholds)
def test_the_limit_is_the_devices_if_it_has_one_else_the_customers_else_the_checks(value, device, customer):
    warning, critical = device
    out_of_order = warning is not None and critical is not None and critical < warning
    own = device != (None, None) and not out_of_order
    result = judged(value, device, customer, Track())
    assert result.limit_source == ("device" if own else "customer" if customer != (None, None) else "check")
    if own:
        reached = [s for s, at in ((WARNING, warning), (CRITICAL, critical)) if at is not None and value >= at]
        assert result.severity is max(reached, default=OK)


@given(st.tuples(celsius, celsius), thresholds, thresholds, tracks_then, st.sampled_from([0.0, 0.1]))
def test_more_heat_is_never_less_grave(both, device, customer, before, clear):
    cooler, hotter = (judged(value, device, customer, before, clear).severity for value in sorted(both))
    assert cooler.rank <= hotter.rank


@given(celsius, thresholds, thresholds, tracks_then)
def test_hysteresis_lowers_nothing_and_holds_only_what_was_raised(value, device, customer, before):
    without, within = (judged(value, device, customer, before, clear).severity for clear in (0.0, 0.1))
    assert without.rank <= within.rank
    assert within is without or within.rank <= before.severity.rank
    if within is not without:  # and only near the limit
        assert judged(value + value // 8 + 2, device, customer, Track()).severity.rank >= within.rank

"""What holds for any reading, by all the checks there are."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.checks import evaluate, load
from agent.checks.tracks import NEVER
from agent.model import Severity, Track
from collectors.model import DeviceClass, Sample, Snapshot
from tests.agent.judged import CRITICAL, UNKNOWN, WARNING
from tests.agent.said import NOW, entry, failure

RULES = load()
ENTITIES = ("board", "cpu", "", "GE0/0/1", "Swap space", "Load-5")
SAMPLES = sorted({c.sample for c in RULES.values()} | {"device_limit"})
numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**400), 10**400) | st.sampled_from([0, 1, 2])
labels = st.fixed_dictionaries(
    {
        "entity": st.sampled_from(ENTITIES),
        "kind": st.sampled_from(["fan", "battery", "output", "module"]),
        "state": st.sampled_from(["normal", "battery", "testFailed"]),
        "health": st.sampled_from(["ok", "warning", "critical", "unknown", "?"]),
        "role": st.sampled_from(["uplink", "known"]),
        "direction": st.sampled_from(["above", "below"]),
        "level": st.sampled_from(["warning", "critical"]),
        "sample": st.sampled_from(SAMPLES),
        "ifIndex": st.sampled_from(["", "1", "2"]),
        "ifName": st.sampled_from(["", "GE0/0/1"]),
    }
)
series = st.builds(Sample, st.sampled_from(SAMPLES), labels, numbers)
failures = st.lists(
    st.builds(
        lambda names, kind: failure(*names, kind=kind),
        st.sets(st.sampled_from(SAMPLES)),
        st.sampled_from(["timeout", "auth", "no_history", "profile"]),
    ),
    max_size=3,
)
known_tracks = st.dictionaries(
    st.tuples(st.just("core-1"), st.sampled_from(sorted(RULES)), st.sampled_from(["", "board", "GE0/0/1"])),
    st.builds(Track, *[st.sampled_from(Severity)] * 2, st.integers(0, 5)),
)
taken = st.builds(
    lambda up, samples, lost, expected: Snapshot(
        device="core-1",
        taken_at=NOW,
        up=up,
        profile="any",
        samples=tuple(samples),
        failures=tuple(lost),
        expected=frozenset(expected),
    ),
    st.booleans(),
    st.lists(series, max_size=12),
    failures,
    st.sets(st.sampled_from(SAMPLES)),
)
device_classes = st.sampled_from(DeviceClass)
few = settings(max_examples=30, deadline=None)  # a reading is large


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

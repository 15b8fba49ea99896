"""What holds for any reading, by all the checks there are."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.checks import evaluate
from agent.checks.tracks import NEVER
from tests.agent.any_reading import RULES, device_classes, few, known_tracks, taken
from tests.agent.judged import CRITICAL, UNKNOWN, WARNING
from tests.agent.said import entry


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

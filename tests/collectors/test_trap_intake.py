"""A storm costs its own source only, and every datagram is counted once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.traps.intake import MAX_STRANGERS, Intake, Share
from collectors.traps.message import Reason

ONE = memoryview(b"trap")


def test_of_a_storm_of_50_000_in_10_s_others_lose_nothing_and_drops_are_counted_exactly():
    calm = [f"10.0.0.{n}" for n in range(2, 52)]
    intake = Intake(dict.fromkeys(["10.0.0.1", *calm], Share()))
    taken: Counter[str] = Counter()
    for n in range(50_000):
        intake.offer("10.0.0.1", None, ONE, n / 5000)
        if n % 5000 == 0:
            for address in calm:
                intake.offer(address, None, ONE, n / 5000)
        if n % 100 == 0 and (arrival := intake.take()):
            taken[arrival.source] += 1
    while arrival := intake.take():
        taken[arrival.source] += 1
    tally = intake.tally()
    assert {tally.by_source[address] for address in calm} == {(10, 0)}
    kept, dropped = tally.by_source["10.0.0.1"]
    assert (kept + dropped, tally.received, tally.waiting) == (50_000, 50_500, 0)
    assert 200 <= kept <= 400
    assert tally.dropped == {Reason.RATE: dropped}
    assert taken == {"10.0.0.1": kept} | dict.fromkeys(calm, 10)


def test_sources_have_their_turn():
    intake = Intake({"a": Share(burst=3), "b": Share(burst=3)})
    for source in "aaabbb":
        intake.offer(source, None, ONE, 0.0)
    assert [arrival.source for _ in range(6) if (arrival := intake.take())] == list("ababab")
    assert intake.take() is None


def test_only_the_first_wakes_who_opens_them():
    intake = Intake({"a": Share()})
    assert [intake.offer("a", None, ONE, 0.0) for _ in range(3)] == [True, False, False]
    intake.take()
    assert not intake.offer("a", None, ONE, 0.0)
    while intake.take():
        pass
    assert intake.offer("a", None, ONE, 0.0)


def test_a_share_comes_back_with_time():
    intake = Intake({"a": Share(rate=2.0, burst=2)})
    assert kept(intake, [0.0] * 5) == 2
    assert kept(intake, [0.5, 0.6, 1.0]) == 2
    assert kept(intake, [100.0] * 5) == 2


def kept(intake: Intake, times: list[float]) -> int:
    """Offer at some times; return how many were kept, and take them."""
    for at in times:
        intake.offer("a", None, ONE, at)
    found = 0
    while intake.take():
        found += 1
    return found


def test_strangers_are_counted_in_bounded_memory():
    intake = Intake({})
    for n in range(MAX_STRANGERS * 3):
        intake.offer(f"10.1.{n // 250}.{n % 250}", None, ONE, 0.0)
    intake.offer("10.1.0.0", None, ONE, 0.0)
    assert intake.tally().dropped == {Reason.UNKNOWN_SOURCE: MAX_STRANGERS * 3 + 1}
    told = intake.strangers()
    assert len(told) == MAX_STRANGERS
    assert next(iter(told.items())) == ("10.1.0.0", 2)
    assert intake.strangers() == {}


@pytest.mark.parametrize(
    ("octets", "reason", "dropped"),
    [(b"", Reason.MALFORMED, 0), (b"x" * 11, Reason.QUEUE, 1)],
    ids=["no trap, nor a storm of them", "more than all may keep"],
)
def test_what_is_empty_or_too_much_to_keep_is_dropped(octets, reason, dropped):
    intake = Intake({"a": Share()}, max_waiting=10)
    assert not intake.offer("a", None, memoryview(octets), 0.0)
    assert (intake.tally().dropped, intake.dropped_of("a"), intake.dropped_of("b")) == ({reason: 1}, dropped, 0)


def test_no_more_waits_of_a_source_than_it_may_send_at_once_however_long_nothing_is_opened():
    intake = Intake({"a": Share(rate=2.0, burst=3)})
    for at in range(20):
        intake.offer("a", None, ONE, float(at))
    assert (intake.tally().waiting, intake.tally().by_source) == (3, {"a": (3, 17)})


def test_no_source_fills_the_place_of_all():
    intake = Intake({"a": Share(octets=100), "b": Share()}, max_waiting=1_000)
    for _ in range(30):
        intake.offer("a", None, memoryview(b"x" * 40), 0.0)
    intake.offer("b", None, memoryview(b"x" * 800), 0.0)
    assert intake.tally().by_source == {"a": (2, 28), "b": (1, 0)}
    assert intake.take()
    intake.offer("a", None, memoryview(b"x" * 60), 0.0)
    assert intake.tally().by_source["a"] == (3, 28)


@given(
    st.lists(st.tuples(st.sampled_from("abz"), st.integers(0, 20), st.floats(0, 5)), max_size=60), st.integers(0, 60)
)
def test_received_is_kept_and_dropped(offers, takes):
    intake = Intake({"a": Share(rate=1.0, burst=3), "b": Share()}, max_waiting=60)
    now = 0.0
    for source, octets, passed in offers:
        now += passed
        intake.offer(source, None, memoryview(b"x" * octets), now)
    taken = sum(intake.take() is not None for _ in range(takes))
    tally = intake.tally()
    assert tally.received == len(offers) == taken + tally.waiting + sum(tally.dropped.values())
    assert sum(k for k, _ in tally.by_source.values()) == taken + tally.waiting

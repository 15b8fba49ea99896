"""Recording rules: what follows from a reading and the one before it - rates, restarts, what is down or gone. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from agent.derive import interfaces, memory, neighbours, parts, restarts
from agent.derive.readings import Readings, Rule
from agent.model import Entry
from collectors.model import Failure, Snapshot
from collectors.vocabulary import VOCABULARY, Meaning

RULES: tuple[Rule, ...] = (restarts.RULE, *interfaces.RULES, *neighbours.RULES, *parts.RULES)

SOURCES: dict[str, frozenset[str]] = {name: rule.all_sources for rule in RULES for name in rule.makes}
"""Derived name → the collected ones it comes from."""

DERIVED: dict[str, Meaning] = {memory.KNOWN: memory.MEANING} | {
    name: meaning for rule in RULES for name, meaning in rule.makes.items() if name not in VOCABULARY
}
"""What `derive` adds to the vocabulary of the collectors."""


def derive(snapshot: Snapshot, previous: Snapshot | None, entry: Entry) -> Snapshot:
    """Return the snapshot with derived samples, and with what they lack for want of their sources.

    `previous` is the last snapshot of the device as this function returned it, however old and however empty: it
    carries what must be remembered. A derived sample is expected where its sources are, and a failure that costs a
    source costs it too. What needs one more reading is a failure of kind `no_history`. Of a silent device all is
    expected that was before.
    """
    expected = snapshot.expected
    if previous is not None and not snapshot.up:
        expected |= previous.expected
    readings = Readings.of(entry, replace(snapshot, expected=expected), previous)
    made = [rule.make(readings) for rule in RULES]
    pending = frozenset[str]().union(*(each.pending for each in made))
    return replace(
        readings.now,
        samples=(*snapshot.samples, *(sample for each in made for sample in each.samples)),
        expected=_grown(expected),
        failures=(*map(_widened, snapshot.failures), *_waiting(pending)),
    )


def _grown(names: frozenset[str]) -> frozenset[str]:
    for rule in RULES:
        if rule.possible(names):
            names |= frozenset(rule.makes)
    return names


def _widened(failure: Failure) -> Failure:
    lost = frozenset(name for rule in RULES if not rule.all_sources.isdisjoint(failure.samples) for name in rule.makes)
    return replace(failure, samples=failure.samples | lost) if lost else failure


def _waiting(names: frozenset[str]) -> Iterator[Failure]:
    for name in sorted(names):
        message = "needs a further reading to compare with (需要再采集一次才能比较)"
        yield Failure("derive", "no_history", name, message, frozenset({name}))

"""Recording rules: what follows from a reading and the one before it - rates, restarts, what is down or gone. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from agent.derive import (
    access,
    anchors,
    capacity,
    climate,
    cpu,
    drift,
    events,
    interfaces,
    lifecycle,
    links,
    memory,
    neighbours,
    parts,
    portlife,
    restarts,
    tallies,
    traps,
    trends,
    ups,
    versions,
)
from agent.derive.readings import ByName, Derived, Readings, Rule
from agent.model import Entry
from collectors.columns import Samples
from collectors.model import Failure, Snapshot
from collectors.vocabulary import CHOICES, VOCABULARY, Meaning, narrowed

RULES: tuple[Rule, ...] = (
    restarts.RULE,
    cpu.RULE,
    climate.RULE,
    *interfaces.RULES,
    *portlife.RULES,
    *neighbours.RULES,
    *links.RULES,
    *parts.RULES,
    *ups.RULES,
    *capacity.RULES,
    *events.RULES,
    *trends.RULES,
    *drift.RULES,
    *lifecycle.RULES,
    versions.RULE,
    *access.RULES,
    traps.RULE,
)

CONCERNING = frozenset[str]().union(*(rule.concerns for rule in RULES if rule.concerns))
"""Names by which it is told what rules may make something of a device."""

SHARED = frozenset({*CHOICES, events.EVENTS, traps.TRAP})
"""Names that several things share, told apart by their first label: that one is read says nothing of the others."""

SOURCES: dict[str, frozenset[str]] = {
    name: frozenset[str]().union(*(rule.all_sources for rule in RULES if name in rule.makes))
    for rule in RULES
    for name in rule.makes
}
"""Derived name → the collected ones it comes from."""

MEMORY: dict[str, Meaning] = {
    memory.KNOWN: memory.MEANING,
    tallies.TALLY: tallies.MEANING,
    drift.KNOWN: drift.MEANING,
    **anchors.MEANINGS,
    **portlife.MEMORY,
    **traps.MEMORY,
}
"""What carries what is remembered from reading to reading."""

DERIVED: dict[str, Meaning] = MEMORY | {
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
    asked = _asked(CONCERNING.intersection((*readings.by_name.names, *readings.by_name_before.names)))
    made = [rule.make(readings) for rule in asked]
    pending = frozenset[str]().union(*(each.pending for each in made))
    return replace(
        readings.now,
        samples=Samples.join((snapshot.samples, *(each.samples for each in made))),
        expected=_one_object(_grown(expected).union(_without_sources(asked, made))),
        failures=(*map(_widened, snapshot.failures), *_waiting(pending)),
    )


def completed(derived: Snapshot, snapshot: Snapshot, recent: Snapshot, entry: Entry) -> Snapshot:
    """Return a derived snapshot with what it lacks for want of history, as a reading just before tells it.

    `derived` is of `snapshot` and one long before: since then the device may have restarted, a port been added, or a
    counter run over more than once.
    """
    lacking = _without_history(derived)
    if not lacking:
        return derived
    other = derive(snapshot, recent, entry)
    found, more = (ByName(Samples.of(each.samples)) for each in (derived, other))
    told = {sample.series for name in lacking for sample in found.series(name)}
    added = [sample for name in sorted(lacking) for sample in more.series(name) if sample.series not in told]
    over = lacking - _without_history(other)
    return replace(
        derived,
        samples=Samples.join((derived.samples, added)),
        failures=tuple(f for f in derived.failures if f.kind != "no_history" or f.what not in over),
    )


def _without_history(derived: Snapshot) -> set[str]:
    return {failure.what for failure in derived.failures if failure.kind == "no_history"}


@lru_cache(maxsize=4096)
def _asked(names: frozenset[str]) -> tuple[Rule, ...]:
    """Return the rules that may make something where there are samples of some names, now or before."""
    return tuple(rule for rule in RULES if rule.concerns is None or not rule.concerns.isdisjoint(names))


@lru_cache(maxsize=4096)
def _one_object(names: frozenset[str]) -> frozenset[str]:
    """Return the same object for the same names: devices of a kind expect the same."""
    return names


@lru_cache(maxsize=4096)
def _grown(names: frozenset[str]) -> frozenset[str]:
    for rule in RULES:
        if rule.possible(names):
            names |= frozenset(rule.makes)
    return names


def _without_sources(asked: Iterable[Rule], made: Iterable[Derived]) -> Iterator[str]:
    """Yield what rules without sources made: it is expected where it is."""
    for rule, each in zip(asked, made, strict=True):
        if not rule.sources:
            yield from (narrowed(s.name, s.labels) for s in each.samples if s.name in rule.makes)


def _widened(failure: Failure) -> Failure:
    lost = frozenset(name for rule in RULES if not rule.all_sources.isdisjoint(failure.samples) for name in rule.makes)
    return replace(failure, samples=failure.samples | lost) if lost else failure


def _waiting(names: frozenset[str]) -> Iterator[Failure]:
    for name in sorted(names):
        message = "needs a further reading to compare with (需要再采集一次才能比较)"
        yield Failure("derive", "no_history", name, message, frozenset({name}))

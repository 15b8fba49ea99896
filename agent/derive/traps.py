"""Traps that hold: opened by what was heard since the last reading, closed by what clears them, or by time. Pure.

What polling reads, polling judges: such a trap is news for a while. Only what no poll would tell is a fault. What is
closed is shown as over for some readings, so that a finding ends by evidence (docs/decisions/0012-traps.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from agent.derive.readings import Derived, Readings, Rule
from collectors.columns import Samples
from collectors.model import Health, Sample, Snapshot
from collectors.traps import meanings
from collectors.traps.meanings import HOLDS, UNKNOWN_HOLDS, Trap
from collectors.vocabulary import Meaning

RECEIVED, OPEN, TRAP = "device_trap_received", "device_trap_open", "device_trap"
STORM = "storm"
STORM_HOLDS = timedelta(minutes=10)
FOLDED = timedelta(minutes=1)  # news heard so shortly before a storm was seen is part of it
SHOWN_OVER = timedelta(minutes=15)
MAX_OPEN = 64  # of one device and role
MAX_OVER = 256  # shown as over, the last ones

MEMORY: dict[str, Meaning] = {
    RECEIVED: Meaning("gauge", "When a trap was heard", ("trap", "entity", "name", "health", "state")),
    OPEN: Meaning("gauge", "Until when a trap holds", ("trap", "entity", "name", "role", "health", "state", "at")),
}
"""What brings traps into a reading, and what carries those that hold to the next."""

_VALUES = {Health.OK: 0, Health.WARNING: 1, Health.CRITICAL: 2}


def holds_traps(snapshot: Snapshot) -> bool:
    """Say whether a snapshot carries traps on: nothing else knows them."""
    return any(sample.name == OPEN for sample in Samples.of(snapshot.samples).plain)


@dataclass(frozen=True, slots=True)
class _Held:
    """One trap of one thing. `entity` is as the trap names it, `name` as people do; times are seconds since 1970."""

    trap: str
    entity: str
    name: str
    role: str  # fault, news, storm
    health: str  # ok: it is over
    state: str
    at: float
    until: float

    @property
    def over(self) -> bool:
        return self.health == Health.OK

    def ended(self, now: float, why: str) -> "_Held":
        return replace(self, health=Health.OK, state=why, until=now + SHOWN_OVER.total_seconds())

    def samples(self) -> Iterator[Sample]:
        labels = {"trap": self.trap, "entity": self.entity, "name": self.name, "role": self.role}
        yield Sample(OPEN, {**labels, "health": self.health, "state": self.state, "at": f"{self.at:.0f}"}, self.until)
        shown = {"trap": self.trap, "entity": self.name, "role": self.role, "state": self.state}
        yield Sample(TRAP, shown, _VALUES.get(Health(self.health), 1))


Book = dict[tuple[str, str], _Held]


def _make(readings: Readings) -> Derived:
    now = readings.timestamp
    book = {
        key: held if held.over or held.until > now else held.ended(now, "over")
        for key, held in _carried(readings).items()
        if not (held.over and held.until <= now)
    }
    fresh: set[tuple[str, str]] = set()
    for event in sorted(readings.series(RECEIVED), key=lambda sample: float(sample.value)):
        _take(event, book, fresh, readings)
    over = sorted((key for key, held in book.items() if held.over), key=lambda key: book[key].until)
    for key in over[:-MAX_OVER]:
        del book[key]
    return Derived(tuple(sample for _, held in sorted(book.items()) for sample in held.samples()))


def _carried(readings: Readings) -> Book:
    found: Book = {}
    for sample in readings.series_before(OPEN):
        told = {key: sample.labels.get(key, "") for key in MEMORY[OPEN].labels}
        at = float(told.pop("at") or 0)
        held = _Held(**told, at=at, until=float(sample.value))
        found[held.trap, held.entity] = replace(held, until=min(held.until, readings.timestamp + _longest(held)))
    return found


def _longest(held: _Held) -> float:
    """Return for how many seconds from now it may be carried at most: our clock may have been set back since."""
    holds = SHOWN_OVER if held.over else _holds(held.role, meanings.builtin().traps.get(held.trap))
    return holds.total_seconds()


def _take(event: Sample, book: Book, fresh: set[tuple[str, str]], readings: Readings) -> None:
    """Take in one trap. What was opened in this very reading ends with the next: it is seen at least once."""
    labels, now = event.labels, readings.timestamp
    trap, entity = labels.get("trap", ""), labels.get("entity", "")
    meaning = meanings.builtin().traps.get(trap)
    if labels.get("health") == Health.OK:
        for key in ((name, entity) for name in (trap, *(meaning.clears if meaning else ()))):
            if key in book and not book[key].over:
                book[key] = replace(book[key], until=now) if key in fresh else book[key].ended(now, labels["state"])
        return
    held = _opened(event, meaning, readings)
    key = (trap, entity)
    if held.role == STORM:
        _fold(held, book)
    elif _is_ignored(held, readings) or (key not in book and _is_full(book, held.role)):
        return
    if key in book and not book[key].over:
        held = replace(held, name=book[key].name, role=book[key].role)
    book[key] = held
    fresh.add(key)


def _opened(event: Sample, meaning: Trap | None, readings: Readings) -> _Held:
    labels, at = event.labels, float(event.value)
    trap, entity = labels.get("trap", ""), labels.get("entity", "")
    role = STORM if trap == STORM else _role(meaning, readings)
    name = labels.get("name") or entity
    if meaning is not None and "ifIndex" in meaning.entity:
        name = _port(entity, readings) or labels.get("name") or f"ifIndex {entity}".strip()
    until = at + _holds(role, meaning).total_seconds()
    return _Held(trap, entity, name, role, labels.get("health", Health.WARNING), labels.get("state", trap), at, until)


def _role(meaning: Trap | None, readings: Readings) -> str:
    if meaning is None or meaning.role == "news" or any(_is_polled(each, readings) for each in meaning.polled):
        return "news"
    return "fault"


def _is_polled(what: str, readings: Readings) -> bool:
    """Say whether polls read a sample (`sample:kind`): now, or before, should the device be silent now."""
    name, _, kind = what.partition(":")
    series = (*readings.series(name), *readings.series_before(name))
    return any(not kind or sample.labels.get("kind") == kind for sample in series)


def _holds(role: str, meaning: Trap | None) -> timedelta:
    if role == STORM:
        return STORM_HOLDS
    if meaning is None:
        return UNKNOWN_HOLDS
    return min(meaning.holds, HOLDS["news"]) if role != meaning.role else meaning.holds


def _port(index: str, readings: Readings) -> str:
    """Return what people call the interface of an ifIndex."""
    for ports in (readings.ports, readings.ports_before):
        for port in ports.values():
            if port.labels.get("ifIndex") == index:
                return port.name
    return ""


def _is_full(book: Book, role: str) -> bool:
    """Say whether no more may be opened: a device that invents things fills neither the store nor the faults' place."""
    return sum(held.role == role and not held.over for held in book.values()) >= MAX_OPEN


def _is_ignored(held: _Held, readings: Readings) -> bool:
    """Say whether the trap is of a port that the inventory says is never judged."""
    named = (port for port in (*readings.ports.values(), *readings.ports_before.values()) if port.name == held.name)
    return any(port.is_called(readings.entry.ignore_interfaces) for port in named)


def _fold(storm: _Held, book: Book) -> None:
    """Make news that was heard as the storm began part of it."""
    for key, held in book.items():
        if held.role == "news" and not held.over and held.at >= storm.at - FOLDED.total_seconds():
            book[key] = held.ended(storm.at, storm.state)


RULE = Rule(
    makes={
        TRAP: Meaning(
            "gauge",
            "How grave a trap is that holds: 0 over, 1 warning, 2 critical",
            ("trap", "entity", "role", "state"),
        )
    },
    sources=(),
    make=_make,
    concerns=frozenset({RECEIVED, OPEN}),
)

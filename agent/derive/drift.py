"""What should stay as it was: serial numbers, model, version, the spanning tree's root, masters, neighbours. Pure.

What is told now is compared with what was remembered; a change stays news for a while, and then is how it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.derive.counters import finite
from agent.derive.ports import role
from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample
from collectors.vocabulary import Meaning

KNOWN = "device_fact_known"
MEANING = Meaning(
    "gauge",
    "When a text was first told, seconds since 1970; what: fact, role or neighbour",
    ("what", "entity", "text", "was"),
)
FACTS = ("serial", "stack_serials", "model", "os_version", "stp_root")
REDUNDANT = frozenset({"redundancy", "stack"})
DAY = 86400.0
MAX_TEXT = 200

PARTIAL = frozenset({"timeout", "unreachable", "auth", "refused", "stale", "bad_data"})
"""Kinds of Failure after which a fact may have come from another protocol than before, in its other words."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Texts that are compared: how they are remembered, and the sample, with its label, that says one changed."""

    what: str
    name: str
    label: str
    news: float  # seconds a change is told


@dataclass(frozen=True, slots=True)
class Told:
    """A text, when it was first told, and what was told before ("" for nothing)."""

    text: str
    since: float
    was: str = ""


FACT = Kind("fact", "device_fact_changed", "fact", 31 * DAY)  # told until the next monthly inspection
ROLE = Kind("role", "device_role_changed", "entity", DAY)
NEIGHBOUR = Kind("neighbour", "device_neighbour_changed", "port", 31 * DAY)
NOBODY = "-"


def _facts(readings: Readings) -> Derived:
    """Compare facts, if all of the device was read: SNMP and SSH may call the same model by other words."""
    whole = readings.now.up and not any(f.kind in PARTIAL and f.protocol != "icmp" for f in readings.now.failures)
    told = {fact: text for fact in FACTS if whole and (text := readings.now.facts.get(fact, ""))}
    return _compared(FACT, told, readings)


def _roles(readings: Readings) -> Derived:
    """Compare the states of parts that are well: master yesterday and backup today was switched over."""
    told = {
        labels.get("entity", ""): labels.get("state", "")
        for labels in (s.labels for s in readings.series("device_state"))
        if labels.get("kind") in REDUNDANT and labels.get("health") == "ok"
    }
    return _compared(ROLE, told, readings)


def _neighbours(readings: Readings) -> Derived:
    """Compare who is at the other end of ports that are up, and that someone would miss.

    A port that is down tells nothing of its cabling; users' ports have whoever plugs in.
    """
    if not readings.was_read("device_neighbour") or not readings.was_read("ifOperStatus"):
        return _compared(NEIGHBOUR, {}, readings)
    heard: dict[str, set[str]] = {}
    for labels in (s.labels for s in readings.series("device_neighbour")):
        heard.setdefault(labels.get("local_port", ""), set()).add(_remote(labels))
    first_time = not any(s.labels.get("what") == NEIGHBOUR.what for s in readings.series_before(KNOWN))
    told = {}
    for port in readings.ports.values():
        if port.get("ifOperStatus") == 1 and role(port, readings.entry, was_up=True):
            names = heard.get(port.labels["ifName"]) or heard.get(port.labels["ifDescr"]) or set()
            told[port.name] = ", ".join(sorted(names)) or NOBODY
    return Derived() if first_time and not heard else _compared(NEIGHBOUR, told, readings)


def _remote(labels: Mapping[str, str]) -> str:
    return " ".join(filter(None, (labels.get("remote_name"), labels.get("remote_port"))))


def _compared(kind: Kind, told: Mapping[str, str], readings: Readings) -> Derived:
    known, now = _known(readings, kind.what), readings.timestamp
    followed = {key: _follow(known.get(key), text[:MAX_TEXT], now) for key, text in told.items()}
    samples = [_verdict(kind, key, each, now) for key, each in followed.items()]
    return Derived((*samples, *_memory(kind.what, known | followed)))


def _follow(before: Told | None, text: str, now: float) -> Told:
    if before is None:
        return Told(text, now)
    return before if before.text == text else Told(text, now, before.text)


def _verdict(kind: Kind, key: str, told: Told, now: float) -> Sample:
    changed = bool(told.was) and now - told.since < kind.news
    state = f"{told.was} → {told.text}" if changed else told.text
    return Sample(kind.name, {kind.label: key, "state": state}, int(changed))


def _known(readings: Readings, what: str) -> dict[str, Told]:
    labels = ((s.labels, finite(s.value)) for s in readings.series_before(KNOWN))
    return {
        each.get("entity", ""): Told(each.get("text", ""), since, each.get("was", ""))
        for each, since in labels
        if each.get("what") == what and since is not None
    }


def _memory(what: str, known: Mapping[str, Told]) -> Iterable[Sample]:
    for key, told in sorted(known.items()):
        yield Sample(KNOWN, {"what": what, "entity": key, "text": told.text, "was": told.was}, told.since)


RULES = (
    Rule(
        makes={FACT.name: Meaning("gauge", "1 when what the device says of itself has changed", ("fact", "state"))},
        sources=(),
        make=_facts,
    ),
    Rule(
        makes={ROLE.name: Meaning("gauge", "1 when a redundant part changed its role", ("entity", "state"))},
        sources=(frozenset({"device_state"}),),
        make=_roles,
        concerns=frozenset({"device_state", KNOWN}),
    ),
    Rule(
        makes={NEIGHBOUR.name: Meaning("gauge", "1 when another neighbour is at a port", ("port", "state"))},
        sources=(frozenset({"device_neighbour"}), frozenset({"ifOperStatus"})),
        make=_neighbours,
        concerns=frozenset({"device_neighbour", KNOWN}),
    ),
)

"""What was heard of each device since it was last polled. No IO; used in the event loop only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.derive.traps import RECEIVED, STORM
from collectors.model import Health, Sample
from collectors.traps.meanings import Event

MAX_DIFFERENT = 64  # traps of one device told apart between two polls; more are a storm
MAX_NAMED = 5  # in the text of a storm


@dataclass(slots=True)
class _Page:
    events: dict[tuple[str, str], tuple[Event, float]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    left_out: int = 0


@dataclass(slots=True)
class Book:
    """Notes events by device, and hands them over to its next poll."""

    _pages: dict[str, _Page] = field(default_factory=dict)
    _dropped: dict[str, int] = field(default_factory=dict)  # as last told

    def note(self, device: str, event: Event, at: float) -> None:
        """Note one event; `at` is in seconds since 1970. Of equal ones the last counts."""
        page = self._pages.setdefault(device, _Page())
        name = event.trap if len(page.counted) < MAX_DIFFERENT or event.trap in page.counted else "…"
        page.counted[name] += 1
        key = event.trap, event.entity
        if key in page.events or len(page.events) < MAX_DIFFERENT:
            page.events[key] = event, at
        else:
            page.left_out += 1

    def take(self, device: str, dropped: int, at: float) -> tuple[Sample, ...]:
        """Return what was heard since the last time. `dropped`: of its sources so far; more than before is a storm.

        A storm is one thing, whatever came in it.
        """
        page = self._pages.pop(device, None)
        lost = dropped - self._dropped.get(device, 0) + (page.left_out if page else 0)
        if dropped:
            self._dropped[device] = dropped
        if lost > 0:
            return (_sample(_storm(lost, page.counted if page else Counter()), at),)
        return tuple(_sample(*heard) for heard in page.events.values()) if page else ()


def _storm(lost: int, counted: Mapping[str, int]) -> Event:
    named = ", ".join(f"{name}={times}" for name, times in Counter(counted).most_common(MAX_NAMED))
    return Event(STORM, "", Health.WARNING, f"storm (dropped={lost}{', ' if named else ''}{named})")


def _sample(event: Event, at: float) -> Sample:
    labels = {"trap": event.trap, "entity": event.entity, "name": event.name}
    labels |= {"health": str(event.health), "state": event.text}
    return Sample(RECEIVED, labels, round(at, 3))

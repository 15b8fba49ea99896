"""From poll to poll: a fault is raised when it held for enough polls in a row, and ends with one that shows it gone."""

from collections.abc import Mapping

from agent.model import Severity, Track

NEVER = Track(candidate=Severity.UNKNOWN)
"""The track of what has not been measured yet."""

FAULTS: tuple[Severity, ...] = (Severity.WARNING, Severity.CRITICAL)


def step(track: Track, measured: Severity, polls: int) -> tuple[Severity, Track]:
    """Return what is raised after a poll, and what to remember. Pure.

    Raised is the severity that all of the last `polls` polls reached. It sinks at once, as hysteresis was settled when
    the value was judged. A poll without data neither counts nor interrupts, and lowers nothing.
    """
    raised = track.severity if track.severity in FAULTS else Severity.OK
    if measured is Severity.UNKNOWN:
        return raised if raised in FAULTS else Severity.UNKNOWN, track
    if measured is Severity.OK:
        return Severity.OK, Track()
    streak = track.streak + 1
    critical = track.critical + 1 if measured is Severity.CRITICAL else 0
    reached = Severity.CRITICAL if critical >= polls else Severity.WARNING if streak >= polls else Severity.OK
    raised = min(measured, max(raised, reached))
    return raised, Track(raised, measured, streak, critical)


def measured_before(known: Mapping[str, Track]) -> dict[str, Track]:
    """Return those of some tracks that have ever had data."""
    return {name: track for name, track in known.items() if track != NEVER}

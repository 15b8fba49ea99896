"""Writes a device's snapshot as it is shown: its lines for Prometheus, laid out anew only where they changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.metrics_text import Block, Layout, filled, layout, same_series
from agent.model import Entry
from collectors.columns import Samples
from collectors.model import Snapshot
from collectors.vocabulary import Meaning

OLD = timedelta(minutes=5)  # as long as Prometheus itself keeps a series that is no longer scraped
_NOTHING = filled(layout({}, Samples(), {}), Samples())


@dataclass(frozen=True, slots=True)
class Shown:
    """A device's latest snapshot as it is shown."""

    top: Mapping[str, str]
    taken_at: datetime
    interval: timedelta
    up: bool
    profile: str | None
    block: Block

    def stale(self, now: datetime) -> bool:
        """Say whether only `device_up 0` and `device_stale 1` stand in for the figures.

        They are from too long ago, or from a time that is still to come: the clock was set back, and how old they are
        is not known.
        """
        return abs(now - self.taken_at) > max(3 * self.interval, OLD)


class Writer:
    """Writes the snapshots of devices, and keeps how each one's last was laid out."""

    def __init__(self, meanings: Mapping[str, Meaning], hidden: Collection[str] = frozenset()) -> None:
        """Take the vocabulary. What is `hidden` is known, and not shown."""
        self._meanings = meanings
        self._hidden = frozenset(hidden)
        self._last: dict[str, tuple[Mapping[str, str], Samples, Layout]] = {}

    def written(self, entry: Entry, snapshot: Snapshot) -> Shown:
        """Return a device's snapshot (derived already) as it is shown."""
        samples, top = self._shown(Samples.of(snapshot.samples)), device_labels(entry)
        laid_out = self._laid_out(entry.name, top, samples)
        self._last[entry.name] = top, samples, laid_out
        return Shown(
            top=top,
            taken_at=snapshot.taken_at,
            interval=entry.interval,
            up=snapshot.up,
            profile=snapshot.profile,
            block=filled(laid_out, samples),
        )

    def _shown(self, samples: Samples) -> Samples:
        """Leave out what is hidden: memory changes its labels from poll to poll, and would have all laid out anew."""
        hidden = self._hidden
        return Samples(
            (sample for sample in samples.plain if sample.name not in hidden),
            (grid for grid in samples.grids if not hidden.issuperset(grid.columns)),
        )

    def _laid_out(self, device: str, top: Mapping[str, str], samples: Samples) -> Layout:
        if device in self._last:
            top_before, samples_before, laid_out = self._last[device]
            if top_before == top and same_series(samples_before, samples):
                return laid_out
        return layout(top, samples, self._meanings, self._hidden)


def unpolled(entry: Entry, now: datetime) -> Shown:
    """Return how a device is shown from `now` on until its first poll: without figures, and after a while as stale."""
    return Shown(
        top=device_labels(entry),
        taken_at=now,
        interval=entry.interval,
        up=False,
        profile=None,
        block=_NOTHING,
    )


def device_labels(entry: Entry) -> dict[str, str]:
    """Return the labels that all samples of a device have."""
    site = entry.site
    return {
        "device": entry.name,
        "site": site.name if site else "",
        "customer": site.customer.name if site else "",
        "device_class": entry.device.device_class.value,
    }

"""Makes time series of what shows, and ends those that show no more. Pure.

https://prometheus.io/docs/specs/prw/remote_write_spec/, Stale Markers: a series that will get no more samples is sent a
NaN of its own. A receiver would show its last value for 5 minutes otherwise.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat

from agent.metrics_text import Block, Layout, Series
from agent.push.remote_write import STALE, Encoder


class Follower:
    """Follows sources, a device or ourselves: knows which series of each were pushed last."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._last: dict[str, Sequence[Layout]] = {}

    def follow(self, source: str, blocks: Sequence[Block], at: datetime) -> list[bytes]:
        """Return all that shows of a source from now on, encoded, with the ends of what showed before."""
        encode, layouts = self._encoder.encode, [each.layout for each in blocks]
        made = [
            series
            for each in blocks
            for series in encode(each.layout.series(), map(float, each.values.split(b"\n")), at)
        ]
        last, self._last[source] = self._last.get(source, ()), layouts
        if last != layouts:
            made += encode(sorted(_series(last) - _series(layouts)), repeat(STALE), at)
        return made


def _series(layouts: Iterable[Layout]) -> set[Series]:
    return {series for each in layouts for series in each.series()}

"""Graphs and state timelines as SVG. Pure; every text is escaped."""

import math
import time
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from tools.dashboard_preview.prometheus import Points
from tools.dashboard_preview.values import PALETTE, Json, colour_of, text_of


class Line(NamedTuple):
    """One series. No colour: the palette's next."""

    name: str
    points: Points
    colour: str = ""


Named = list[Line]
"""The series of a panel; there is at least one."""

GREY, LINE, WHITE = "#9a9ca8", "#25282d", "#ccccdc"


@dataclass(frozen=True, slots=True)
class Frame:
    """Where times and values come to lie, in pixels."""

    width: float
    bottom: float
    left: float
    first: float
    last: float
    low: float = 0.0
    high: float = 1.0

    def x(self, at: float) -> float:
        return self.left + (self.width - self.left) * (at - self.first) / (self.last - self.first)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - 8) * (value - self.low) / (self.high - self.low)


def graph(named: Named, field: Json, width: float, height: float) -> str:
    """Draw lines over time, with axes and a legend."""
    first, last = _span(named)
    values = [0.0, *(value for line in named for _, value in line.points if math.isfinite(value))]
    low, high = min(values), max(values) * 1.05 or 1.0
    frame = Frame(width, height - 34, 62.0, first, last, low, high)
    colours = [line.colour or PALETTE[index % len(PALETTE)] for index, line in enumerate(named)]
    lines = (_line(line.points, frame, colour) for line, colour in zip(named, colours, strict=True))
    legend = "　".join(
        f'<span style="color:{colour}">━</span> {escape(line.name)}'
        for line, colour in zip(named, colours, strict=True)
    )
    inside = "".join([*_axes(frame, field), *lines])
    return f'<svg width="{width:.0f}" height="{height - 16:.0f}">{inside}</svg><div class="legend">{legend}</div>'


def _line(points: Points, frame: Frame, colour: str) -> str:
    places = " ".join(f"{frame.x(at):.1f},{frame.y(value):.1f}" for at, value in points if math.isfinite(value))
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.4"/>'


def _axes(frame: Frame, field: Json) -> list[str]:
    parts = []
    for quarter in range(5):
        value = frame.low + (frame.high - frame.low) * quarter / 4
        y = frame.y(value)
        parts.append(f'<line x1="62" x2="{frame.width:.0f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
        parts.append(_text(0, y + 4, text_of(value, {**field, "mappings": []}), GREY))
        at = frame.first + (frame.last - frame.first) * quarter / 4
        shown = time.strftime("%H:%M", time.localtime(at))
        parts.append(_text(min(frame.x(at), frame.width - 34), frame.bottom + 14, shown, GREY))
    return parts


def timeline(named: Named, field: Json, width: float, height: float) -> str:
    """Draw a band for each series, coloured by its value."""
    first, last = _span(named)
    band = max(8.0, min(26.0, height / len(named)))
    frame = Frame(width, height, 150.0, first, last)
    parts = []
    for row, (name, points, _) in enumerate(sorted(named)):
        parts.append(_text(0, (row + 0.6) * band, name[:24], WHITE))
        for (at, value), (until, _) in zip(points, [*points[1:], (last, 0.0)], strict=True):
            place = f'x="{frame.x(at):.1f}" y="{row * band:.1f}" width="{frame.x(until) - frame.x(at) + 0.5:.1f}"'
            parts.append(f'<rect {place} height="{band * 0.8:.1f}" fill="{colour_of(value, field)}"/>')
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, colour: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.1f}" fill="{colour}" font-size="11">{escape(text)}</text>'


def _span(named: Named) -> tuple[float, float]:
    times = [at for line in named for at, _ in line.points]
    return min(times), max([*times, min(times) + 1])

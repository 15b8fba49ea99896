"""Figures as people read them: units, thresholds and value mappings of a Grafana field configuration. Pure."""

import math
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

COLOURS = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "text": "#ccccdc",
}
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#96d98d", "#ffb357", "#ca95e5")
_SCALED = {"bps": ("b/s", 1000), "bytes": ("B", 1024), "pps": ("p/s", 1000), "watt": ("W", 1000)}
_SUFFIX = {"celsius": " °C", "volt": " V", "amp": " A", "dBm": " dBm", "cps": " c/s"}
_TIMES = ((86400 * 365, "y"), (86400 * 7, "w"), (86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (0.001, "ms"))


def text_of(value: float | str, field: Json) -> str:
    """Return a value as its field shows it: mapped to a word, or with its unit."""
    meant = _meant(value, field)
    if meant:
        return str(meant["text"])
    if isinstance(value, str):
        return value
    return "-" if math.isnan(value) else _number(value, field.get("unit", ""), field.get("decimals"))


def colour_of(value: float | str, field: Json) -> str:
    """Return the colour of a value by its mapping, or by the last threshold it has reached."""
    meant = _meant(value, field)
    if meant and "color" in meant:
        return COLOURS[meant["color"]]
    found = "text"
    if isinstance(value, (int, float)):
        for step in field.get("thresholds", {}).get("steps", ()):
            if step["value"] is None or value >= step["value"]:
                found = step["color"]
    return COLOURS[found]


def _meant(value: float | str, field: Json) -> Json | None:
    key = f"{value:g}" if isinstance(value, (int, float)) else value
    for mapping in field.get("mappings", ()):
        found: Json | None = mapping["options"].get(key)
        if found:
            return found
    return None


def _number(value: float, unit: str, decimals: int | None) -> str:
    if unit == "percentunit":
        return f"{100 * value:.{1 if decimals is None else decimals}f}%"
    if unit == "s":
        size, name = next((pair for pair in _TIMES if abs(value) >= pair[0]), _TIMES[-1])
        return f"{value / size:.{0 if name == 's' else 1}f} {name}" if value else "0 s"
    if unit in _SCALED:
        return _scaled(value, *_SCALED[unit])
    shown = f"{value:.{decimals}f}" if decimals is not None else f"{value:.4g}"
    return shown + _SUFFIX.get(unit, "")


def _scaled(value: float, name: str, base: int) -> str:
    power = min(4, int(math.log(abs(value), base))) if abs(value) >= base else 0
    return f"{value / base**power:.3g} {('', 'k', 'M', 'G', 'T')[power]}{name}"

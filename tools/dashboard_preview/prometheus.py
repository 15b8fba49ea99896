"""Asks Prometheus what a dashboard's panels ask, every variable at All."""

import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
Points = list[tuple[float, float]]  # (seconds since 1970, value)
Series = tuple[Labels, Points]


@dataclass(frozen=True, slots=True)
class Source:
    """A Prometheus, the variables chosen (`device` → `core-1`) and what All is of the others, and how many seconds back
    a graph goes.
    """

    address: str
    chosen: Mapping[str, str]
    everything: Mapping[str, str]
    seconds: float

    def ask(self, target: Mapping[str, Any]) -> list[Series]:
        """Return a target's series: one point each where it asks for an instant."""
        query, now = self._filled(target["expr"]), time.time()
        if target["instant"]:
            return [(one["metric"], [_point(one["value"])]) for one in self._get("query", query=query)]
        times = {"start": f"{now - self.seconds}", "end": f"{now}", "step": f"{self.seconds / 150}"}
        found = self._get("query_range", query=query, **times)
        return [(one["metric"], [_point(value) for value in one["values"]]) for one in found]

    def _filled(self, expr: str) -> str:
        values = {**self.everything, **self.chosen}
        expr = expr.replace("$__rate_interval", "1m").replace("$__range", f"{self.seconds:.0f}s")
        return re.sub(r'=~?"\$(\w+)"', lambda m: f'=~"{values.get(m[1], ".*")}"', expr)

    def _get(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


def _point(value: tuple[float, str]) -> tuple[float, float]:
    return float(value[0]), float(value[1])

"""The committed dashboards, read back: their panels and queries, with variables filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
GRAFANA = DASHBOARDS / "grafana"
FILES = sorted(GRAFANA.glob("*/*.json"))
HERE = "${__value.raw:percentencode}"  # in a link: the text of the cell it is on
NAMES = [f"{path.parent.name}/{path.stem}" for path in FILES]


@dataclass(frozen=True)
class Asked:
    """One query of one panel."""

    panel: str
    expr: str  # as it stands there
    now: bool  # asked for one instant


def read(name: str) -> dict[str, Any]:
    """Return a dashboard by `zh/fleet`."""
    board: dict[str, Any] = json.loads((GRAFANA / f"{name}.json").read_text("utf-8"))
    return board


def queries(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Yield every query of every panel."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Asked(panel["title"], target["expr"], target["instant"])


def variables(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variables whose values are asked for."""
    return [each for each in board["templating"]["list"] if each["type"] == "query"]


def filled(board: Mapping[str, Any], expr: str, rate_interval: str = "20s") -> str:
    """Return an expression as Grafana asks it with every variable at All."""
    chosen = {each["name"]: each.get("allValue", ".*") for each in variables(board)}
    expr = expr.replace("$__rate_interval", rate_interval).replace("$__range", "5m")
    for name, value in chosen.items():
        expr = re.sub(rf'=~?"\${name}"', f'=~"{value}"', expr)
    assert "$" not in expr, expr
    return expr


def asked_of(variable: Mapping[str, Any], board: Mapping[str, Any]) -> tuple[str, str]:
    """Return (series, label) of a variable's `label_values(series, label)`."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", filled(board, variable["query"]["query"]))
    assert found, variable
    return found[1], found[2]


def pages(board: Mapping[str, Any]) -> set[str]:
    """Return the paths of a dashboard's links to netpatrol."""
    urls = re.findall(r'"url": "\$\{netpatrol_url\}([^"]+)"', json.dumps(board, ensure_ascii=False))
    return set(urls)

"""What a PromQL expression selects, and what there is to select."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import promql_parser
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agent.derive import DERIVED
from agent.fleet_metrics import MEANINGS
from agent.metrics import OWN, Metrics
from agent.pollers.counts import Counts
from agent.push.pusher import Counts as Pushed
from collectors.vocabulary import VOCABULARY
from tests.dashboards.boards import DASHBOARDS

TOP = {"device", "site", "customer", "device_class"}
SCRAPE = {"job", "instance"}
SHOWN = VOCABULARY | DERIVED | OWN | MEANINGS
ONE_POLLER = {"number": 1, "devices": 1, "cpu": 0.0, "memory": 0, "late": 0.0}
PROMETHEUS_OWN: dict[str, set[str]] = {"up": set()}


def rule_groups(folder: str) -> list[dict[str, Any]]:
    """Return the groups of every file in dashboards/rules or dashboards/alerts."""
    files = sorted((DASHBOARDS / folder).glob("*.yml"))
    return [group for path in files for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]


def rules(folder: str) -> list[dict[str, Any]]:
    return [rule for group in rule_groups(folder) for rule in group["rules"]]


def selected(expr: str) -> list[tuple[str, set[str]]]:
    """Return (metric, labels matched) of every selector. Raises ValueError for what is no PromQL."""
    return [
        (node.name, {matcher.name for matcher in node.matchers.matchers})
        for node in _nodes(promql_parser.parse(expr))
        if isinstance(node, promql_parser.VectorSelector)
    ]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        child = getattr(node, name, None)
        if child is not None:
            yield from _nodes(child)
    for argument in getattr(node, "args", ()):
        yield from _nodes(argument)


def known() -> dict[str, set[str]]:
    """Return the labels of every metric there is: netpatrol's, Prometheus' own, and what the rules record."""
    metrics = Metrics({}, version="1")
    metrics.health.registry.register(Counts([SimpleNamespace(**ONE_POLLER)]))  # type: ignore[list-item]
    metrics.health.watch("judged", lambda: 0)
    Pushed(metrics.health.registry)
    page = metrics.render(datetime(2026, 1, 1, tzinfo=UTC)).decode()
    health = {
        sample.name: set(sample.labels) | {"result", "severity"}
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    shown = {name: {*meaning.labels, *TOP} for name, meaning in SHOWN.items()}
    ports = {*VOCABULARY["ifHCInOctets"].labels}
    recorded = {
        rule["record"]: {*TOP, "severity", "clock"} | (ports if rule["record"].startswith("interface:") else set())
        for rule in rules("rules")
    }
    return {name: labels | SCRAPE for name, labels in {**health, **PROMETHEUS_OWN, **recorded, **shown}.items()}

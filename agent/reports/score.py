"""The summary score: 100 less what each failed check takes, capped by what is still open. Printed in every report."""

from collections.abc import Iterable

from agent.model import Result, Severity, Text

POINTS = {Severity.CRITICAL: 25, Severity.WARNING: 10}
CAPS = {Severity.CRITICAL: 59, Severity.WARNING: 89}
WEIGHTS = {"core": 3, "aggregation": 2, "access": 1}
GRADES = (
    (90, Text("良好", "good")),
    (80, Text("正常", "normal")),
    (60, Text("需关注", "needs attention")),
    (0, Text("存在风险", "at risk")),
)


def device_score(results: Iterable[Result]) -> int:
    """Return 0 to 100. Each check counts once, by its worst object; what was not measured does not count."""
    worst: dict[str, Severity] = {}
    for result in results:
        if result.severity in POINTS:
            before = worst.get(result.check, Severity.OK)
            worst[result.check] = max(before, result.severity, key=lambda s: s.rank)
    score = max(0, 100 - sum(POINTS[s] for s in worst.values()))
    return min([score, *(CAPS[s] for s in worst.values())])


def site_score(devices: Iterable[tuple[int, str]]) -> int:
    """Return the mean of (score, criticality), core devices counting three times, aggregation twice."""
    weighted = [(score, WEIGHTS[criticality]) for score, criticality in devices]
    total = sum(weight for _, weight in weighted)
    return round(sum(score * weight for score, weight in weighted) / total) if total else 100


def grade(score: int) -> Text:
    """Return the word for a score."""
    return next(word for least, word in GRADES if score >= least)

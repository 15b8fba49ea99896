"""Short ways to judge a reading by a check on temperature, for the tests of evaluating."""

from agent.checks import Evaluation, evaluate
from agent.checks.rules import Check
from agent.model import Entry, Judged, Severity, Track
from collectors.model import Sample, Snapshot
from tests.agent.said import entry, sample

OK, WARNING, CRITICAL, UNKNOWN = Severity
TEMPERATURE = "device_temperature_celsius"


def check(name: str = "heat", **more: object) -> Check:
    form = {
        "name": name,
        "id": "X-01",
        "title": {"zh": "温度", "en": "Temperature"},
        "sample": TEMPERATURE,
        "object": ["entity"],
        "limit": {"above": {"warning": 50, "critical": 60}},
        "source": "test",
        "cause": {"zh": "热", "en": "hot"},
        "advice": {"zh": "冷却", "en": "cool it"},
    }
    return Check.model_validate(form | more)


def heat(celsius: float, entity: str = "board") -> Sample:
    return sample(TEMPERATURE, celsius, entity=entity)


def threshold(value: float, level: str = "critical", entity: str = "board", direction: str = "above") -> Sample:
    return sample("device_limit", value, sample=TEMPERATURE, entity=entity, level=level, direction=direction)


def judge(
    reading: Snapshot,
    *checks: Check,
    known: dict[str, Track] | None = None,
    previous: Snapshot | None = None,
    site: Entry | None = None,
    cap: int | None = None,
) -> Evaluation:
    """Judge by checks (one on temperature if none is given); `known` are the tracks of the first one's objects."""
    rules = {c.name: c for c in checks or (check(),)}
    first = next(iter(rules))
    tracks = {("core-1", first, name): track for name, track in (known or {}).items()}
    return evaluate(rules, site or entry(), reading, previous=previous, tracks=tracks, polls_cap=cap)


def one(*args: object, **more: object) -> Judged:
    (judged,) = judge(*args, **more).judged
    return judged


def said(found: Evaluation) -> dict[str, tuple[Severity, str]]:
    return {j.result.object: (j.result.severity, j.result.reason) for j in found.judged}


def raised(severity: Severity) -> Track:
    return Track(severity, severity, 3)

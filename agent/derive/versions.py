"""Is the software as new as the inventory's baseline asks, and past known holes? Pure."""

import math
import re
from collections.abc import Iterable

from agent.derive.readings import Derived, Readings, Rule
from agent.model import Baseline
from collectors.model import Sample
from collectors.vocabulary import Meaning

BEHIND, VULNERABLE = "device_version_behind", "device_version_vulnerable"

_PARTS = re.compile(r"\d+|[a-z]+")
_WORDS = re.compile(r"[^\s(),;\[\]]*\d[^\s(),;\[\]]*(?:\(\d+[a-z]?\)[^\s(),;\[\]]*)*", re.IGNORECASE)
"""Words with a digit; of Cisco with a number in brackets: 15.2(7)E4."""
_BEFORE_RELEASE = frozenset({"alpha", "beta", "rc", "pre", "dev"})


def compare(version: str, other: str) -> int | None:
    """Return -1, 0 or 1 as the first version is older, the same or newer; None where they are not of one kind.

    Of a text with several words the one that is built most like the other counts: of `5.170 (V200R019C10)` the
    second for a baseline `V200R022C00`. Numbers count as numbers, and what is longer is newer.
    """
    other = _bare(other)
    mine = max(map(_bare, _WORDS.findall(version)), key=lambda word: _alike(word, other), default="")
    if not _alike(mine, other):
        return None
    a, b = ([_weight(part) for part in [*_PARTS.findall(text.lower()), ""]] for text in (mine, other))
    return (a > b) - (a < b)


def _bare(version: str) -> str:
    """v7.0.14 is 7.0.14; V200R019 is a name."""
    return re.sub(r"^v(?=\d+\.)", "", version, flags=re.IGNORECASE)


def _alike(word: str, other: str) -> int:
    shapes = (re.sub(r"\d+", "#", text.lower()) for text in (word, other))
    return next(
        (n for n, pair in enumerate(zip(*shapes, strict=False)) if len(set(pair)) > 1), min(len(word), len(other))
    )


def _weight(part: str) -> tuple[int, int, str]:
    """Order parts: a pre-release word, nothing more, another word, a number."""
    if part.isdecimal():
        return 3, int(part), ""
    return (0 if part in _BEFORE_RELEASE else 2 if part else 1), 0, part


def _versions(readings: Readings) -> Derived:
    facts = readings.now.facts
    baseline = _fitting(readings.entry.baselines, f"{facts.get('vendor', '')} {facts.get('model', '')}")
    version = facts.get("os_version", "")
    if baseline is None or not version:
        return Derived()
    samples = [Sample(BEHIND, *_behind(version, baseline))]
    if baseline.safe:
        older = compare(version, baseline.safe)
        state = f"{version} < {baseline.safe} {baseline.advisory}".strip() if older == -1 else version
        samples.append(Sample(VULNERABLE, {"state": state}, math.nan if older is None else int(older == -1)))
    return Derived(tuple(samples))


def _behind(version: str, baseline: Baseline) -> tuple[dict[str, str], float]:
    for value, least in ((2, baseline.minimum), (1, baseline.version)):
        older = compare(version, least) if least else 0
        if older is None:
            return {"state": f"{version} ? {least}"}, math.nan
        if older < 0:
            return {"state": f"{version} < {least}"}, value
    return {"state": version}, 0


def _fitting(baselines: Iterable[Baseline], name: str) -> Baseline | None:
    """Return the first baseline that fits `vendor model`."""
    return next((b for b in baselines if re.search(b.model, name, re.IGNORECASE)), None)


RULE = Rule(
    makes={
        BEHIND: Meaning("gauge", "0 as the baseline asks, 1 older, 2 older than is supported", ("state",)),
        VULNERABLE: Meaning("gauge", "1 when the version has known holes, by the baseline", ("state",)),
    },
    sources=(),
    make=_versions,
)

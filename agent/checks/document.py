"""Write docs/checks.md from the check files: `python -m agent.checks.document docs/checks.md`."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agent import describe
from agent.checks.loading import load
from agent.checks.rules import Bounds, Check
from agent.model import Lang
from agent.texts import text

HEADER = """\
# 检查项 · Checks

<!-- Written by `python -m agent.checks.document docs/checks.md` from agent/checks/*.yaml: change those. -->

设备自身门限优先，其次是清单中客户的设定（`limits:`，用下表的名称），最后是这里的默认值。没有数据不算正常：\
应测而未测到的显示为未知及原因。

The device's own limit goes first, then the customer's in the inventory (`limits:`, by the names below), then the \
default given here. No data is never OK: what should have been measured and was not is unknown, with the reason.

`*`：按设备自报的状态或设备自身的门限。 The state the device reports, or its own limit.
"""

SEPARATOR: dict[Lang, str] = {"zh": "；", "en": "; "}
CLASSES: dict[Lang, str] = {"zh": "所有设备", "en": "all devices"}
LABELS: dict[str, dict[Lang, str]] = {
    "classes": {"zh": "适用", "en": "For"},
    "sample": {"zh": "依据", "en": "Judges"},
    "limit": {"zh": "门限", "en": "Limit"},
    "held": {"zh": "连续 {n} 次才告警", "en": "raised after {n} polls"},
    "device": {"zh": "设备自身门限优先", "en": "the device's own limit first"},
    "states": {"zh": "设备自报状态", "en": "the state the device reports"},
    "level": {"zh": "故障级别（警告 / 严重）", "en": "Fault level (warning / critical)"},
    "risk": {"zh": "安全隐患", "en": "security risk"},
    "source": {"zh": "依据来源", "en": "Source"},
    "cause": {"zh": "可能原因", "en": "Likely cause"},
    "advice": {"zh": "处理建议", "en": "Advice"},
}


def markdown(checks: Mapping[str, Check]) -> str:
    """Return the document: every check in both languages, by number and name."""
    in_order = sorted(checks.values(), key=lambda c: (c.id, c.name))
    return "\n".join([HEADER, *_overview(in_order), *(line for check in in_order for line in _section(check))])


def _overview(checks: Iterable[Check]) -> Iterator[str]:
    yield "| 编号 No. | 名称 Name | 检查项 | Check | 警告 Warning | 严重 Critical |"
    yield "|---|---|---|---|---|---|"
    for check in checks:
        warning, critical = (_brief(check, level) for level in ("warning", "critical"))
        link = f"[`{check.name}`](#{check.name})"
        yield f"| {check.id} | {link} | {check.title.zh} | {check.title.en} | {warning} | {critical} |"
    yield ""


def _section(check: Check) -> Iterator[str]:
    yield f'<a id="{check.name}"></a>'
    yield f"## {check.id} {check.title.zh} · {check.title.en}"
    yield ""
    languages: tuple[Lang, ...] = ("zh", "en")
    for lang in languages:
        yield from (f"- **{LABELS[key][lang]}** {value}" for key, value in _facts(check, lang))
        yield ""


def _facts(check: Check, lang: Lang) -> Iterator[tuple[str, str]]:
    names = [text(f"class.{name}", lang) for name in check.classes] or [CLASSES[lang]]
    yield "classes", ("、" if lang == "zh" else ", ").join(names)
    where = [f"{label}={'/'.join(values)}" for label, values in check.where.items()]
    yield "sample", f"`{check.sample}`" + "".join(f" ({each})" for each in where)
    yield "limit", SEPARATOR[lang].join(_limit(check, lang))
    yield "level", f"{check.fault_level.warning} / {check.fault_level.critical}"
    zh, _, en = check.source.partition(" / ")  # one text does for both where it is a name
    yield "source", en if lang == "en" and en else zh
    yield "cause", check.cause[lang]
    yield "advice", check.advice[lang]


def _limit(check: Check, lang: Lang) -> Iterator[str]:
    limit = check.limit
    if check.device_limit:
        yield LABELS["device"][lang]
    if limit.by_state:
        yield LABELS["states"][lang]
    for level in ("warning", "critical"):
        said = _level(check, level, lang)
        if said:
            yield f"{text(f'severity.{level}', lang)} {said}"
    if check.polls > 1:
        yield LABELS["held"][lang].format(n=check.polls)
    if check.security_risk:
        yield LABELS["risk"][lang]


def _brief(check: Check, level: str) -> str:
    return _level(check, level, "en") or ("*" if check.limit.by_state or check.device_limit else "")


def _level(check: Check, level: str, lang: Lang) -> str:
    limit = check.limit
    said = [_bound(check, sign, bounds, level, lang) for sign, bounds in (("≥", limit.above), ("≤", limit.below))]
    values = limit.warning_values if level == "warning" else limit.critical_values
    said += [describe.in_words(check, value, lang) for value in values]
    said += limit.warning_states if level == "warning" else limit.critical_states
    return ", ".join(filter(None, said))


def _bound(check: Check, sign: str, bounds: Bounds | None, level: str, lang: Lang) -> str:
    value = None if bounds is None else bounds.warning if level == "warning" else bounds.critical
    return "" if value is None else f"{sign} {describe.value_text(value, check.unit, lang)}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(load()), encoding="utf-8")

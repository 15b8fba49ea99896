"""Write docs/checks.md from the check files: `python -m agent.checks.document docs/checks.md`."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from agent import describe
from agent.checks import by_hand, catalogue
from agent.checks.by_hand import ManualItem
from agent.checks.catalogue import Catalogue
from agent.checks.loading import load
from agent.checks.rules import CADENCES, Bounds, Check
from agent.model import Lang
from agent.texts import text

HEADER = """\
# 检查项 · Checks

<!-- Written by `python -m agent.checks.document docs/checks.md` from the files of agent/checks: change those. -->

设备自身门限优先，其次是清单中客户的设定（`limits:`，用下表的名称），最后是这里的默认值。没有数据不算正常：\
应测而未测到的显示为未知及原因。

The device's own limit goes first, then the customer's in the inventory (`limits:`, by the names below), then the \
default given here. No data is never OK: what should have been measured and was not is unknown, with the reason.

`*`：按设备自报的状态或设备自身的门限。 The state the device reports, or its own limit.

`netpatrol inspect --cadence monthly`（quarterly、half-yearly、yearly）只做该周期的检查项，\
`netpatrol run` 只做标有 C 的；\
人工项目用 `netpatrol manual` 打印，填好后用 `netpatrol inspect --manual 文件` 录入。

`netpatrol inspect --cadence monthly` (quarterly, half-yearly, yearly) makes the checks of that inspection only, \
`netpatrol run` those marked C; `netpatrol manual` prints the form of the manual items, and \
`netpatrol inspect --manual FILE` takes the answers.
"""

CADENCE: dict[str, dict[Lang, str]] = {
    "continuous": {"zh": "持续", "en": "continuous"},
    "monthly": {"zh": "月", "en": "monthly"},
    "quarterly": {"zh": "季", "en": "quarterly"},
    "half-yearly": {"zh": "半年", "en": "half-yearly"},
    "yearly": {"zh": "年", "en": "yearly"},
}

SEPARATOR: dict[Lang, str] = {"zh": "；", "en": "; "}
CLASSES: dict[Lang, str] = {"zh": "所有设备", "en": "all devices"}
LABELS: dict[str, dict[Lang, str]] = {
    "classes": {"zh": "适用", "en": "For"},
    "sample": {"zh": "依据", "en": "Judges"},
    "limit": {"zh": "门限", "en": "Limit"},
    "held": {"zh": "连续 {n} 次才告警", "en": "raised after {n} polls"},
    "device": {"zh": "设备自身门限优先", "en": "the device's own limit first"},
    "states": {"zh": "设备自报状态", "en": "the state the device reports"},
    "cadence": {"zh": "周期", "en": "Cadence"},
    "how": {"zh": "做法", "en": "What to do"},
    "of": {"zh": "对象", "en": "Of"},
    "level": {"zh": "故障级别（警告 / 严重）", "en": "Fault level (warning / critical)"},
    "risk": {"zh": "安全隐患", "en": "security risk"},
    "source": {"zh": "依据来源", "en": "Source"},
    "cause": {"zh": "可能原因", "en": "Likely cause"},
    "advice": {"zh": "处理建议", "en": "Advice"},
}


def markdown(checks: Mapping[str, Check], items: Mapping[str, ManualItem], numbers: Catalogue) -> str:
    """Return the document: coverage, every check and every manual item in both languages, by number and name."""
    in_order = sorted(checks.values(), key=lambda c: (c.id, c.name))
    by_person = sorted(items.values(), key=lambda item: (item.id, item.name))
    return "\n".join(
        [
            HEADER,
            *_coverage(checks, items, numbers),
            *_overview(in_order),
            *_manual_overview(by_person),
            *(line for check in in_order for line in _section(check, _facts)),
            *(line for item in by_person for line in _section(item, _manual_facts)),
        ]
    )


def _coverage(checks: Mapping[str, Check], items: Mapping[str, ManualItem], numbers: Catalogue) -> Iterator[str]:
    groups = catalogue.covered(numbers, checks, items)
    yield "## 检查目录覆盖 · Coverage of the catalogue"
    yield ""
    yield "| 组 Group | 总数 Total | 自动 By machine | 仅人工 By hand only | 未覆盖 Missing |"
    yield "|---|---|---|---|---|"
    for group, of in groups.items():
        counts = f"{of.total} | {len(of.by_machine)} | {len(of.by_hand)} | {', '.join(of.missing) or 0}"
        yield f"| {group} {of.title.zh} · {of.title.en} | {counts} |"
    sums = [sum(len(getattr(of, key)) for of in groups.values()) for key in ("by_machine", "by_hand", "missing")]
    yield f"| **合计 Sum** | **{sum(sums)}** | {' | '.join(f'**{n}**' for n in sums)} |"
    yield ""
    risks = sum(check.security_risk for check in checks.values()) + sum(item.security_risk for item in items.values())
    figures = {"checks": len(checks), "items": len(items), "all": len(numbers.security_risks), "risks": risks}
    yield "自动检查 {checks} 项，人工 {items} 项；目录中安全隐患 {all} 条，由其中 {risks} 项检查。".format(**figures)
    yield ""
    yield (
        "{checks} checks by machine, {items} items by hand; {risks} of them look at the {all} security risks of the "
        "catalogue."
    ).format(**figures)
    yield ""
    for number, why in sorted(numbers.without.items()):
        yield f"- {number}: {why.zh} · {why.en}"
    yield ""


def _overview(checks: Iterable[Check]) -> Iterator[str]:
    yield "## 自动检查 · Checks by machine"
    yield ""
    yield from _table(
        ("编号 No.", "名称 Name", "检查项", "Check", "警告 Warning", "严重 Critical", "周期 Cadence", "隐患 Risk"),
        (_listed(check, *(_brief(check, level) for level in ("warning", "critical"))) for check in checks),
    )
    yield "C 持续 continuous · M 月 monthly · Q 季 quarterly · H 半年 half-yearly · Y 年 yearly"
    yield ""


def _manual_overview(items: Iterable[ManualItem]) -> Iterator[str]:
    yield "## 人工项目 · Items by hand"
    yield ""
    yield from _table(
        ("编号 No.", "名称 Name", "项目", "Item", "周期 Cadence", "隐患 Risk"), (_listed(item) for item in items)
    )


def _listed(of: Check | ManualItem, *limits: str) -> tuple[str, ...]:
    """Return the cells of a row of an overview."""
    named = (_numbers(of), f"[`{of.name}`](#{of.name})", of.title.zh, of.title.en)
    return (*named, *limits, _initials(of.cadence), "●" if of.security_risk else "")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    yield from (f"| {' | '.join(cells)} |" for cells in rows)
    yield ""


def _numbers(each: Check | ManualItem) -> str:
    return ", ".join((each.id, *each.also))


def _initials(cadence: Iterable[str]) -> str:
    return "".join(each[0].upper() for each in CADENCES if each in cadence)


E = TypeVar("E", Check, ManualItem)


def _section(each: E, facts: Callable[[E, Lang], Iterator[tuple[str, str]]]) -> Iterator[str]:
    yield f'<a id="{each.name}"></a>'
    yield f"## {_numbers(each)} {each.title.zh} · {each.title.en}"
    yield ""
    languages: tuple[Lang, ...] = ("zh", "en")
    for lang in languages:
        yield from (f"- **{LABELS[key][lang]}** {value}" for key, value in facts(each, lang))
        yield ""


def _facts(check: Check, lang: Lang) -> Iterator[tuple[str, str]]:
    yield "classes", _classes(check, lang)
    where = [f"{label}={'/'.join(values)}" for label, values in check.where.items()]
    yield "sample", f"`{check.sample}`" + "".join(f" ({each})" for each in where)
    yield "limit", SEPARATOR[lang].join(_limit(check, lang))
    yield from _common(check, lang)


def _manual_facts(item: ManualItem, lang: Lang) -> Iterator[tuple[str, str]]:
    yield "of", text(f"report.{item.of}", lang) if item.of == "site" else _classes(item, lang)
    yield "how", item.how[lang]
    unit = f" {item.value[lang]}" if item.value else ""
    limits = [
        f"{text(f'severity.{level}', lang)} {sign} {value:g}{unit}"
        for sign, bounds in (("≥", item.limit.above), ("≤", item.limit.below))
        for level in ("warning", "critical")
        if bounds is not None and (value := getattr(bounds, level)) is not None
    ]
    if limits:
        yield "limit", SEPARATOR[lang].join(limits)
    yield from _common(item, lang)


def _classes(each: Check | ManualItem, lang: Lang) -> str:
    names = [text(f"class.{name}", lang) for name in each.classes] or [CLASSES[lang]]
    return ("、" if lang == "zh" else ", ").join(names)


def _common(each: Check | ManualItem, lang: Lang) -> Iterator[tuple[str, str]]:
    separator = "、" if lang == "zh" else ", "
    yield "cadence", separator.join(CADENCE[name][lang] for name in CADENCES if name in each.cadence)
    yield "level", f"{each.fault_level.warning} / {each.fault_level.critical}"
    zh, _, en = each.source.partition(" / ")  # one text does for both where it is a name
    yield "source", en if lang == "en" and en else zh
    yield "cause", each.cause[lang]
    yield "advice", each.advice[lang]


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
    Path(sys.argv[1]).write_text(markdown(load(), by_hand.load(), catalogue.load()), encoding="utf-8")

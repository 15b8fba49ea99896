"""What people looked at: their answers as rows of the report, and what is still to be filled in. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from agent import answers, describe
from agent.checks.by_hand import ManualItem
from agent.model import Entry, Lang, ManualAnswer, Run, Text
from agent.reports.model import ManualRow
from agent.texts import both, text

SHARE = "0 to 1"  # the unit of figures that are typed as shares, and read as per cent


def rows(run: Run, entries: Sequence[Entry], items: Mapping[str, ManualItem]) -> Iterator[ManualRow]:
    """Yield a row for each answer, and one for all places an item is not answered for."""
    given = {(answer.item, answer.device or answer.site): answer for answer in run.answers}
    cadence = next((name for item in items.values() for name in item.cadence if name == run.scope.get("cadence")), None)
    open_: dict[str, list[str]] = {}
    for item, device, site in answers.asked(items, entries, cadence):
        answer = given.pop((item.name, device or site), None)
        if answer is None:
            open_.setdefault(item.name, []).append(device or site)
        else:
            yield _row(item, (device or site,), answer)
    for (name, where), answer in given.items():  # answered beyond what this inspection asks
        if name in items:
            yield _row(items[name], (where,), answer)
    for name, places in open_.items():
        yield _row(items[name], tuple(places), None)


def _row(item: ManualItem, where: tuple[str, ...], answer: ManualAnswer | None) -> ManualRow:
    severity = item.severity(answer)
    return ManualRow(
        id=item.id,
        title=item.title,
        where=where,
        severity=severity,
        answer=both(lambda lang: _answer(item, answer, lang)),
        limit=both(lambda lang: _limit(item, lang)),
        note=answer.note if answer else "",
        by=answer.by if answer else "",
        on=answer.on if answer else None,
        security_risk=item.security_risk,
    )


def _answer(item: ManualItem, answer: ManualAnswer | None, lang: Lang) -> str:
    if answer is None:
        return text("manual.open", lang)
    figure = _figure(answer.value, item.value, lang) if answer.value is not None and item.value else ""
    said = "" if answer.ok is None else text("manual.right" if answer.ok else "manual.wrong", lang)
    return " · ".join(filter(None, (figure, said)))


def _figure(value: float, unit: Text, lang: Lang) -> str:
    return describe.value_text(value, "ratio", lang) if unit.en == SHARE else f"{value:g} {unit[lang]}"


def _limit(item: ManualItem, lang: Lang) -> str:
    """Return the figures at which a warning begins."""
    found = [
        text(f"describe.{side}", lang, value=_figure(first, item.value, lang))
        for side, bounds in (("above", item.limit.above), ("below", item.limit.below))
        if bounds is not None and item.value
        if (first := bounds.warning if bounds.warning is not None else bounds.critical) is not None
    ]
    return "; ".join(found) or text("describe.nothing", lang)

"""What people answer to manual items: the form to fill in, and the filled-in file.

by: Zhang San
on: 2026-11-22
answers:
  - {item: cleaning, site: acme-hq, ok: true, note: filters exchanged}
  - {item: discharge_test, device: ups-1, value: 0.86}
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from agent.checks.by_hand import ManualItem
from agent.checks.rules import Cadence
from agent.inventory_scalars import Bool, Day
from agent.model import Entry, Inventory, Lang, ManualAnswer
from agent.texts import text
from collectors import yamlfile
from collectors.yamlfile import Document, Problem
from collectors.yamlform import Strict, fitted, refuse

Items = Mapping[str, ManualItem]
MAX_NOTE = 2000


def _figure(value: object) -> object:
    try:
        return None if value is None else float(str(value))
    except ValueError:
        raise ValueError("is not a number (right form: 0.86; the unit is not written)") from None


def _words(value: object) -> object:
    return "" if value is None else value


Words = Annotated[str, BeforeValidator(_words), Field(max_length=MAX_NOTE)]
Figure = Annotated[float | None, BeforeValidator(_figure), Field(allow_inf_nan=False)]


class AnswerForm(Strict):
    """One answer; what is left blank is not answered yet."""

    item: str
    device: Words = ""
    site: Words = ""
    ok: Bool | None = None
    value: Figure = None
    note: Words = ""
    by: Words = ""
    on: Day | None = None


class AnswersForm(Strict):
    """The file. `by` and `on` hold for answers that do not say their own."""

    by: Words = ""
    on: Day | None = None
    answers: tuple[AnswerForm, ...] = ()


def read(path: Path, items: Items, inventory: Inventory) -> tuple[ManualAnswer, ...]:
    """Read a filled-in form; what is not answered is left out. Raises YamlError with every problem."""
    document = yamlfile.read(path)
    form = fitted(AnswersForm, document, _without_blanks(document.data))
    refuse(problem for n, each in enumerate(form.answers) for problem in _wrong(each, n, document, items, inventory))
    given = (each for each in form.answers if each.ok is not None or each.value is not None)
    return tuple(
        ManualAnswer(**each.model_dump(exclude={"by", "on"}), by=each.by or form.by, on=each.on or form.on)
        for each in given
    )


def _without_blanks(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_blanks(value) for key, value in data.items() if value is not None}
    return [_without_blanks(each) for each in data] if isinstance(data, list) else data


def _wrong(answer: AnswerForm, n: int, document: Document, items: Items, inventory: Inventory) -> Iterator[Problem]:
    def problem(key: str, message: str) -> Problem:
        return document.problem(("answers", n, key), message)

    item = items.get(answer.item)
    if item is None:
        yield problem("item", f"{answer.item!r} is no manual item (known: {', '.join(items)})")
        return
    where, other = ("device", "site") if item.of == "device" else ("site", "device")
    name = getattr(answer, where)
    known: Mapping[str, object] = inventory.entries if where == "device" else inventory.sites
    if name not in known:
        yield problem(where, f"{item.name} is of a {where} of the inventory (known: {', '.join(known) or 'none'})")
    elif where == "device" and not _concerns(item, inventory.entries[name]):
        yield problem(where, f"{name} is no {' or '.join(item.classes)}")
    if getattr(answer, other):
        yield problem(other, f"{item.name} is of a {where}: leave this out")
    if answer.value is not None and item.value is None:
        yield problem("value", f"{item.name} has no figure: answer ok: true or false")


def _concerns(item: ManualItem, entry: Entry) -> bool:
    return not item.classes or entry.device.device_class in item.classes


def asked(items: Items, entries: Sequence[Entry], cadence: Cadence | None) -> Iterator[tuple[ManualItem, str, str]]:
    """Yield (item, device, site) for all that is to be looked at: of each site once, of each device of its classes."""
    sites = dict.fromkeys(entry.site.name for entry in entries if entry.site)
    for item in sorted(items.values(), key=lambda item: (item.id, item.name)):
        if cadence is not None and cadence not in item.cadence:
            continue
        if item.of == "site":
            yield from ((item, "", site) for site in sites)
        else:
            yield from ((item, entry.name, "") for entry in entries if _concerns(item, entry))


def blank(wanted: Iterable[tuple[ManualItem, str, str]], lang: Lang) -> str:
    """Return the form to fill in, with what to do as comments."""
    lines = [f"# {text('manual.head', lang)}", "by:", f"on: # {text('manual.day', lang)}", "answers:"]
    last = ""
    for item, device, site in wanted:
        if item.name != last:
            lines += ["", f"  # {item.id} {item.title[lang]}", f"  # {item.how[lang]}"]
        last = item.name
        lines += [f"  - item: {item.name}", f"    device: {device}" if device else f"    site: {site}"]
        lines.append(f"    ok: # {text('manual.ok', lang)}")
        if item.value is not None:
            lines.append(f"    value: # {item.value[lang]}")
        lines.append("    note:")
    return "\n".join(lines) + "\n"

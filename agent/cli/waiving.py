"""`findings`: list them, show what was decided of one, accept one, and take that back."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from agent import tables, waivers
from agent.cli import options, showing
from agent.cli.options import UsageProblem
from agent.cli.showing import By
from agent.model import Finding, Lang
from agent.output import Format, emit, put, tell_line
from agent.reading import now
from agent.store import Store
from agent.texts import text
from agent.waivers import FindingChange, WaiverError

Id = Annotated[str, typer.Argument(metavar="ID", help="The finding's id, as the list shows it. 问题编号。")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is accepted. 豁免原因。")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is taken back. 撤销原因。")]
Until = Annotated[
    str,
    typer.Option("--until", metavar="DATE", help="Last day: 2026-12-31; default: no end. 有效期最后一天，默认长期。"),
]


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    group = typer.Typer(
        help="List findings, accept one · 查看与豁免问题.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(showing.findings)
    for command in (show, waive, unwaive):
        group.command()(command)
    app.add_typer(group, name="findings")


def show(
    finding: Id,
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """Show who decided what of a finding · 查看问题的豁免历史."""
    setup, spoken = options.opened(path, lang, resolve=False)
    zone = setup.inventory.timezone
    with showing.stored(data, spoken) as store:
        found, history = store.decisions(finding)
    if form is Format.TABLE:
        emit(tables.finding_rows([found], setup.checks, spoken, zone), tables.finding_columns(spoken), form)
        put("\n")
    emit([tables.decision_row(c, spoken, zone) for c in history], tables.decision_columns(spoken), form)


def waive(
    finding: Id,
    by: By,
    reason: Reason,
    until: Until = "",
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    lang: options.LangOption = None,
) -> None:
    """Accept a finding · 豁免问题.

    It is measured on, not counted, and opens no ticket. 继续检测，不计数，不开单。
    """
    spoken = options.language(lang)
    end = _end_of(until, options.load(path, resolve=False).inventory.timezone) if until else None
    with showing.stored(data, spoken) as store:
        change = _decide(store, finding, lambda known: waivers.waive(known, by, reason, end, now()))
    _say(change, spoken)


def unwaive(
    finding: Id, by: By, reason: Why = "", data: options.DataOption = options.DATA, lang: options.LangOption = None
) -> None:
    """Take a waiver back: the finding is open again · 撤销豁免."""
    spoken = options.language(lang)
    with showing.stored(data, spoken) as store:
        change = _decide(store, finding, lambda known: waivers.unwaive(known, by, reason, now()))
    _say(change, spoken)


def _decide(store: Store, finding: str, decided: Callable[[Finding], FindingChange]) -> FindingChange:
    try:
        return store.decide(finding, decided)
    except WaiverError as error:
        raise UsageProblem(str(error)) from error


def _end_of(day: str, zone: str) -> datetime:
    """Return the end of a day in a time zone. Raises UsageProblem."""
    try:
        return datetime.combine(date.fromisoformat(day), time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        raise UsageProblem(f"--until {day}: not a day (right form: --until 2026-12-31)") from None
    except OverflowError:
        raise UsageProblem(f"--until {day}: too far away (right form: --until 2026-12-31, or none)") from None


def _say(change: FindingChange, lang: Lang) -> None:
    state = text(f"finding.{change.finding.state}", lang)
    line = f"{change.finding.id}: {text(f'action.{change.action}', lang)} → {state}"
    tell_line(line)

"""`devices findings tickets report`: what is known, without asking a device; and what a person does to a ticket."""

from collections.abc import Callable, Collection, Container, Iterable
from pathlib import Path
from typing import Annotated

import typer

from agent import dependencies, tables
from agent.cli import options, reporting
from agent.cli.options import UsageProblem
from agent.model import Lang, TicketStatus
from agent.output import Format, emit, put, tell_line
from agent.reading import now
from agent.store import Store
from agent.texts import text
from agent.tickets import AT_WORK, TicketError
from agent.wiring import STORE

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The ticket's number: T-20261122-0001. 工单号。")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it. 操作人。")]
Words = Annotated[str, typer.Option("--text", metavar="TEXT", help="What there is to say. 说明。")]

ACTIONS = {
    "acknowledge": "Take a ticket: response clock stops · 受理，停止响应计时.",
    "on-site": "Note that the engineer has arrived · 登记到场.",
    "pend": "Let a ticket wait, with a reason · 挂起，须说明原因.",
    "resume": "Go on with a ticket that waited · 恢复挂起的工单.",
    "resolve": "Mark a ticket as resolved · 标记已解决.",
    "reopen": "Open a resolved ticket again · 重新打开工单.",
    "close": "Close a resolved ticket · 关闭工单.",
    "comment": "Add a remark · 添加备注.",
}


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    app.command()(devices)
    app.command()(report)
    group = typer.Typer(
        help="List tickets, work on one · 查看与处理工单.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(tickets)
    group.command("show")(show_ticket)
    for name, about in ACTIONS.items():
        group.command(name, help=about)(_action(name.replace("-", "_")))
    app.add_typer(group, name="tickets")


def stored(data: Path, lang: Lang) -> Store:
    """Open a store that is there already. Raises UsageProblem where there is none."""
    if not (data / STORE).exists():
        raise UsageProblem(text("cli.nothing_stored", lang, data=data))
    return Store.open(data / STORE)


def _somewhere(option: str, given: Iterable[str], known: Container[str], found: Collection[str], lang: Lang) -> None:
    """Refuse a name that is neither in the inventory nor in what was found: an empty list would look like health."""
    for name in given:
        if name not in known and name not in found:
            raise UsageProblem(text("cli.nowhere", lang, option=option, name=name))


def devices(
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    site: options.SiteOption = [],
    device_class: options.ClassOption = [],
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """List the devices, with what was last read · 列出设备."""
    setup, spoken = options.opened(path, lang, resolve=False)
    zone = setup.inventory.timezone
    entries = options.select(setup.inventory, site, (), device_class)
    snapshots = {}
    if (data / STORE).exists():
        with Store.open(data / STORE) as store:
            snapshots = store.latest([entry.name for entry in entries])
    rows = [tables.device_row(e, snapshots.get(e.name), spoken, zone) for e in entries]
    emit(rows, tables.device_columns(spoken), form)


def findings(
    context: typer.Context,
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    device: options.DeviceOption = [],
    everything: Annotated[bool, typer.Option("--all", help="Cleared ones too. 包括已消除的。")] = False,
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """List findings, worst first · 列出发现的问题."""
    if context.invoked_subcommand:
        return
    setup, spoken = options.opened(path, lang, resolve=False)
    zone = setup.inventory.timezone
    with stored(data, spoken) as store:
        found = store.findings(devices=device or None, cleared=everything)
    _somewhere("--device", device, setup.inventory.entries, {each.result.device for each in found}, spoken)
    emit(tables.finding_rows(found, setup.checks, spoken, zone), tables.finding_columns(spoken), form)


def tickets(
    context: typer.Context,
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    site: options.SiteOption = [],
    device: options.DeviceOption = [],
    everything: Annotated[bool, typer.Option("--all", help="Resolved and closed ones too. 包括已解决的。")] = False,
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """List tickets, newest first · 列出工单."""
    if context.invoked_subcommand:
        return
    setup, spoken = options.opened(path, lang, resolve=False)
    statuses = tuple(TicketStatus) if everything else AT_WORK
    with stored(data, spoken) as store:
        found = store.tickets(devices=device or None, sites=site or None, statuses=statuses)
        behind = dependencies.listed(store.findings())
    _somewhere("--device", device, setup.inventory.entries, {each.device for each in found}, spoken)
    _somewhere("--site", site, setup.inventory.sites, {each.site for each in found}, spoken)
    rows = [tables.ticket_row(t, setup.checks, spoken, setup.inventory.timezone, behind) for t in found]
    emit(rows, tables.ticket_columns(spoken), form)


def show_ticket(
    number: Number,
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """Show a ticket's history · 查看工单历史."""
    setup, spoken = options.opened(path, lang, resolve=False)
    zone = setup.inventory.timezone
    with stored(data, spoken) as store:
        ticket, history = store.ticket(number), store.history(number)
        behind = dependencies.listed(store.findings())
    if form is Format.TABLE:
        emit([tables.ticket_row(ticket, setup.checks, spoken, zone, behind)], tables.ticket_columns(spoken), form)
        put("\n")
    emit([tables.change_row(c, spoken, zone) for c in history], tables.change_columns(spoken), form)


def _action(action: str) -> Callable[..., None]:
    """Make the subcommand of one action."""

    def act(
        number: Number,
        by: By,
        words: Words = "",
        data: options.DataOption = options.DATA,
        lang: options.LangOption = None,
    ) -> None:
        spoken = options.language(lang)
        with stored(data, spoken) as store:
            try:
                change = store.change(number, action, by, words, now())
            except TicketError as error:
                raise UsageProblem(str(error)) from error
        status = text(f"ticket.{change.ticket.status}", spoken)
        tell_line(f"{number}: {text(f'action.{action}', spoken)} → {status}")

    return act


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id; default: the last one. 巡检编号，默认最近一次。")
    ] = "",
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    every: Annotated[bool, typer.Option("--list", help="List the runs instead. 列出历次巡检。")] = False,
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """Write a run's report again · 重新生成报告.

    Prints where the JSON and HTML files are. 输出各文件位置。
    """
    setup, spoken = options.opened(path, lang, resolve=False)
    with stored(data, spoken) as store:
        runs = store.runs(limit=200, now=now())
        if every:
            zone = setup.inventory.timezone
            emit([tables.run_row(r, spoken, zone) for r in runs], tables.run_columns(spoken), form)
            return
        if not run and not runs:
            raise UsageProblem(text("cli.no_inspection", spoken, data=data))
        target = reporting.write(store.run(run or runs[0].id), setup, store, data)
    put("".join(f"{file}\n" for file in sorted(target.iterdir())))

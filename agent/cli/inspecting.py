"""`gather inspect run`: everything that reads devices."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from agent import answers, checks, inspection, reading, tables, wiring
from agent.checks.rules import Check
from agent.cli import options, reporting
from agent.cli.options import (
    DATA,
    INVENTORY,
    CadenceOption,
    ClassOption,
    DataOption,
    DeviceOption,
    FormatOption,
    InventoryOption,
    LangOption,
    Setup,
    SiteOption,
    TrapsOption,
    UsageProblem,
)
from agent.cli.progress import progress
from agent.exposition.probing import Prober
from agent.exposition.server import serve
from agent.inspection import BackUp, Inspected
from agent.model import Entry, Lang, Run
from agent.output import Format, Row, emit, jsonl, put, tell, tell_line
from agent.service import Service
from agent.startup import log_to_stderr, take_descriptors, told_to_stop
from agent.store import Store, StoreError
from agent.texts import text
from collectors.errors import CollectError
from collectors.model import Snapshot
from collectors.ssh_kept import MOST


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    for command in (gather, inspect, run):
        app.command()(command)


def gather(
    path: InventoryOption = INVENTORY,
    site: SiteOption = [],
    device: DeviceOption = [],
    device_class: ClassOption = [],
    form: FormatOption = Format.TABLE,
    lang: LangOption = None,
) -> int:
    """Read devices once and print the figures · 采集一次."""
    setup = options.load(path)
    spoken = options.language(lang, setup.inventory)
    entries = options.select(setup.inventory, site, device, device_class)
    at_once = form is Format.JSONL  # a line a device, as it comes in; the other forms are in the inventory's order
    with progress(text("cli.reading", spoken), len(entries), shown=not (at_once and sys.stdout.isatty())) as shown:

        def done(snapshot: Snapshot) -> None:
            shown.advance(snapshot.device)
            if at_once:
                put(jsonl(tables.snapshot_row(snapshot)))

        found = asyncio.run(_gather(setup, entries, done))
    if form is Format.JSON:
        emit([tables.snapshot_row(s) for s in found], {}, form)
    elif not at_once:
        emit([row for s in found for row in tables.sample_rows(s)], tables.sample_columns(spoken), form)
    silent = [snapshot.device for snapshot in found if not snapshot.up]
    for name in silent:
        options.say(f"{name}: {text('cli.silent', spoken)}")
    return 1 if silent else 0


async def _gather(setup: Setup, entries: Sequence[Entry], done: Callable[[Snapshot], None]) -> list[Snapshot]:
    return list((await reading.reader(setup.profiles).all(entries, {}, done)).values())


def inspect(
    path: InventoryOption = INVENTORY,
    data: DataOption = DATA,
    site: SiteOption = [],
    device: DeviceOption = [],
    device_class: ClassOption = [],
    window: Annotated[
        float,
        typer.Option(
            min=0,
            max=3600,
            metavar="SECONDS",
            help="Seconds between the two readings; 0: read once. 两次采集间隔秒数。",
        ),
    ] = 10.0,
    cadence: CadenceOption = None,
    manual: Annotated[
        Path | None,
        typer.Option(
            "--manual", metavar="FILE", help="Answers to manual items (see: netpatrol manual). 现场检查记录。"
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
    lang: LangOption = None,
) -> int:
    """Inspect now: judge, ticket, report · 立即巡检.

    Reads twice, opens and resolves tickets, writes the report. 采集两次，开单、销单，生成报告。
    """
    setup = options.load(path)
    spoken = options.language(lang, setup.inventory)
    options.say_not_understood(setup, spoken)
    entries = options.select(setup.inventory, site, device, device_class)
    answered = answers.read(manual, setup.items, setup.inventory) if manual else ()
    rules = checks.of_cadence(setup.checks, options.cadence_of(cadence))
    given = {"site": site, "device": device, "class": [str(c) for c in device_class]}
    given["cadence"] = [cadence.value] if cadence else []
    scope = {option: ", ".join(values) for option, values in given.items() if values}
    store, problems = wiring.open_store(data, setup.inventory, setup.checks)
    with store:
        for problem in problems:
            options.say(str(problem))
        with progress(text("cli.reading", spoken), len(entries) * (2 if window else 1)) as shown:

            def done(snapshot: Snapshot, reading: int) -> None:
                shown.advance(snapshot.device)

            async def work() -> Inspected:
                reader = reading.reader(setup.profiles, rules)
                parts = wiring.inspector(setup.inventory, rules, store, data=data, gather=reader.all, window=window)
                parts = replace(parts, answers=answered, back_up=_backups(setup, data, reader))
                return await inspection.run(parts, entries, scope, done)

            inspected = asyncio.run(work())
        report = _report(inspected.run, setup, store, data)
        emit(_found(inspected.run, setup, spoken), tables.finding_columns(spoken), form)
    return _conclude(inspected, setup.checks, report, data, spoken)


def _found(run: Run, setup: Setup, lang: Lang) -> list[Row]:
    return tables.finding_rows(run.findings, setup.checks, lang, setup.inventory.timezone)


def _backups(setup: Setup, data: Path, reader: reading.Reader) -> BackUp | None:
    """Return what backs up configurations; None, with the reason said, where there is no place for them."""
    try:
        return wiring.configurations(setup.inventory, data, reader).inspection
    except StoreError as error:
        options.say(str(error))
        return None


def _report(run: Run, setup: Setup, store: Store, data: Path) -> Path | None:
    """Write the report; return its folder. Where it cannot be written, say so, and go on: the findings matter more."""
    try:
        return reporting.write(run, setup, store, data)
    except OSError as error:
        options.say(f"{reporting.folder(data, run.id)}: the report cannot be written: {error.strerror or error}")
        return None


def _conclude(inspected: Inspected, checks: Mapping[str, Check], report: Path | None, data: Path, lang: Lang) -> int:
    """Say on stderr what was done and where it is; return the exit code."""
    run = inspected.run
    for change in run.changes:
        ticket = change.ticket
        title = checks[ticket.check].title[lang] if ticket.check in checks else ticket.check
        parts = (change.number, text(f"action.{change.action}", lang), ticket.device, title, ticket.object)
        tell_line(" ".join(filter(None, parts)))
    covered = f"{run.coverage.percent}% ({run.coverage.collected}/{run.coverage.expected})"
    answered = f"{run.coverage.answered}/{run.coverage.devices}"
    tell_line(text("cli.done", lang, run=run.id, answered=answered, covered=covered))
    if report:
        tell_line(text("cli.report_at", lang, path=report / f"report.{lang}.html"))
    if inspected.problem:
        options.say(str(inspected.problem))
        options.say(_whereabouts(inspected, data / wiring.SPOOL, lang))
        tell(inspected.unsaved)
    return run.severity or (1 if inspected.problem else 0)


def _whereabouts(inspected: Inspected, spool: Path, lang: Lang) -> str:
    """Say where a run waits that is not in the store."""
    if inspected.spooled is None:
        return text("cli.kept_nowhere", lang, file=spool / f"{inspected.run.id}.json")
    if inspected.spooled.parent != spool:
        return text("cli.spooled_elsewhere", lang, file=inspected.spooled, folder=spool)
    return text("cli.spooled", lang, file=inspected.spooled)


def run(
    path: InventoryOption = INVENTORY,
    data: DataOption = DATA,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where /metrics is served. 指标监听地址。")
    ] = "127.0.0.1:9469",
    traps: TrapsOption = None,
    pollers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=64,
            metavar="N",
            help="Processes that poll; 0: this one; default: by devices and cores. 采集进程数。",
        ),
    ] = None,
) -> int:
    """Poll continuously and serve /metrics · 持续监控.

    Each device at its interval, until Ctrl-C, SIGTERM or SIGHUP. A changed inventory is read at the next start.
    按各设备周期采集，Ctrl-C、SIGTERM 或 SIGHUP 停止；清单只在启动时读取，修改后请重启。
    """
    log_to_stderr()
    take_descriptors()
    setup = options.load(path)
    options.say_not_understood(setup, options.language(None, setup.inventory))
    address = options.endpoint("--listen", listen, "--listen 127.0.0.1:9469")
    setup = replace(setup, inventory=replace(setup.inventory, traps=options.traps(traps, setup.inventory)))
    store, problems = wiring.open_store(data, setup.inventory, setup.checks)
    for problem in problems:
        options.say(str(problem))
    with store:
        asyncio.run(_serve(setup, store, data, address, pollers))
    return 0


async def _serve(setup: Setup, store: Store, data: Path, address: tuple[str, int], pollers: int | None) -> None:
    rules = checks.of_cadence(setup.checks, "continuous")
    reader = reading.reader(setup.profiles, rules, wiring.polling_bounds(), sessions=MOST)
    try:
        station = await wiring.station(setup.inventory, data)
    except (OSError, CollectError) as error:
        raise UsageProblem(str(error)) from error
    known, community = setup.checks, setup.profiles.community.meanings
    parts = wiring.daemon(setup.inventory, rules, store, reader.one, known=known, community=community, station=station)
    processes = wiring.pollers_for(setup.inventory) if pollers is None else pollers
    service = Service(parts, wiring.crew(parts, setup.profiles, data, processes) if processes else None)
    prober = Prober(service.poll_now, asyncio.get_running_loop())
    pages = wiring.pages(setup.inventory, known, store, data)
    try:
        served = serve(parts.metrics, *address, targets=lambda: setup.inventory.entries, prober=prober, pages=pages)
    except OSError as error:
        if station is not None:
            station.listener.close()
        raise UsageProblem(error.strerror) from error
    stop = told_to_stop()
    log = logging.getLogger("netpatrol")
    where = f"in {processes} processes; " if processes else ""
    devices = len(setup.inventory.entries)
    log.info("polling %d devices; %smetrics at http://%s:%d/metrics", devices, where, address[0], served.port)
    pusher = wiring.pusher(setup.inventory, parts.metrics)
    if pusher is not None:
        pusher.start()
    try:
        async with station.running(service.poll_soon, stop) if station else contextlib.nullcontext():
            await service.run(stop)
    finally:
        served.close()
        await asyncio.to_thread(reader.close)
        if pusher is not None:
            await asyncio.to_thread(pusher.close)
    log.info("stopped")

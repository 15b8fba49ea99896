"""`discover record import`: everything that helps a new device into the inventory or into the tests."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agent import discovery, import_files, importing, proposal, ways
from agent.cli import options
from agent.cli.options import UsageProblem
from agent.discovery import Found, Sweep
from agent.model import Inventory, Lang
from agent.output import safe_terminal
from agent.texts import catalogue, text
from collectors import nut_recording, recording
from collectors.model import Device
from collectors.profiles import NUT, ProfileSet
from collectors.profiles.rules import Nut
from collectors.recording import Case

LARGEST = 65_536  # addresses looked at without --yes


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    app.command()(discover)
    app.command()(record)
    app.command("import")(import_list)


# ---- discover ----


def discover(
    cidrs: Annotated[list[str], typer.Argument(metavar="CIDR...", help="Networks: 10.0.0.0/24. 网段。")],
    credentials: Annotated[
        list[str],
        typer.Option("--credentials", help="Of the inventory; only these are tried (repeatable). 只尝试这些凭据。"),
    ],
    path: options.InventoryOption = options.INVENTORY,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Addresses a second. 每秒地址数。")] = 50.0,
    timeout: Annotated[float, typer.Option(min=0.05, max=60, help="Seconds an answer may take. 应答时限。")] = 2.0,
    yes: Annotated[bool, typer.Option("--yes", help="Look at more than a /16. 允许超过 /16。")] = False,
    lang: options.LangOption = None,
) -> None:
    """Find devices that answer the given credentials; print inventory entries · 发现设备并建议清单条目."""
    networks = _networks(cidrs, yes=yes, lang=options.language(lang))
    setup, spoken = options.opened(path, lang, resolve=False)
    given = [name for each in credentials for name in each.split(",") if name]
    how = Sweep(ways=ways.load(path, given), profiles=setup.profiles, rate=rate, seconds=timeout)
    found = asyncio.run(_sweep(how, networks, setup.inventory, spoken))
    for each in found:
        for line in _remarks(each, spoken):
            options.say(line)
    proposals = discovery.propose(found, setup.inventory.entries, setup.profiles, catalogue()["discover.same"][spoken])
    heading = text("discover.heading", spoken, count=len(proposals), networks=", ".join(map(str, networks)))
    sys.stdout.write(proposal.render(proposals, [heading]))


def _networks(cidrs: list[str], *, yes: bool, lang: Lang) -> tuple[discovery.Network, ...]:
    try:
        networks = discovery.networks(cidrs)
    except ValueError as error:
        raise UsageProblem(str(error)) from None
    total = discovery.size(networks)
    if total > LARGEST and not yes:
        raise UsageProblem(text("discover.too_large", lang, total=total, largest=LARGEST))
    return networks


async def _sweep(how: Sweep, networks: tuple[discovery.Network, ...], inventory: Inventory, lang: Lang) -> list[Found]:
    known = await discovery.known_addresses(entry.device.address for entry in inventory.entries.values())
    stderr = Console(stderr=True, highlight=False, markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(text("discover.looking", lang), total=discovery.size(networks))

        def done(address: str, found: Found | None) -> None:
            progress.update(task, advance=1)
            if found is not None:
                progress.console.print(f"{address} {safe_terminal(found.name or found.greeting)}", soft_wrap=True)

        return await discovery.sweep(how, discovery.addresses(networks, known), done)


def _remarks(found: Found, lang: Lang) -> list[str]:
    """Say what the entry cannot: a credential that was refused, a device that none of those given can read."""
    lines = []
    if found.refused:
        lines.append(text("discover.refused", lang, address=found.address, why=found.refused))
    if found.greeting and found.ssh is None:
        lines.append(text("discover.ssh_only", lang, address=found.address, greeting=found.greeting))
    return lines


# ---- record ----


def record(
    device: Annotated[str, typer.Argument(help="The device's name in the inventory. 设备名。")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the case: tests/devices/FAMILY/CASE. 输出目录。")],
    path: options.InventoryOption = options.INVENTORY,
    lang: options.LangOption = None,
) -> None:
    """Walk a device over SNMP, or a UPS through NUT; write a redacted test case · 录制设备应答（脱敏）用作测试用例."""
    setup, spoken = options.opened(path, lang)
    (entry,) = options.select(setup.inventory, devices=[device])
    if entry.device.snmp is None and entry.device.nut is None:
        raise UsageProblem(f"{device}: has no snmp credential in the inventory, and no nut")
    for name in recording.FILES:
        if (out / name).exists():
            raise UsageProblem(text("record.there", spoken, folder=out, file=name))
    recorded = asyncio.run(_record(entry.device, setup.profiles, spoken))
    recording.write(recorded, out)
    if recorded.changed:
        options.say(text("record.changed", spoken, names=", ".join(recorded.changed)))
    options.say(text("record.written", spoken, folder=out, profile=recorded.profile, file=recorded.file))


async def _record(device: Device, profiles: ProfileSet, lang: Lang) -> Case:
    if device.snmp is None:
        variables = await nut_recording.hear(device)
        rules = profiles[NUT].nut or Nut()
        return nut_recording.case(rules, variables, _logins(device))

    def done(subtree: str, objects: int) -> None:
        options.say(text("record.walked", lang, subtree=subtree, objects=objects))

    heard = await recording.hear(device, profiles, done=done)
    for why in heard.cut:
        options.say(text("record.cut", lang, why=why))
    return await recording.case(heard, _logins(device))


def _logins(device: Device) -> list[str]:
    """Return what must not be in a recording: the device's own logins."""
    users = [device.snmp.user if device.snmp else None]
    users += [login.username for login in (device.ssh, device.nut) if login]
    return [*(secret.reveal() for secret in device.secrets), *(user for user in users if user)]


# ---- import ----


def import_list(
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx, or NetBox's .json. 设备台账文件。")],
    path: Annotated[
        Path | None,
        typer.Option("-i", "--inventory", help="Leave out what is in it, use its sites. 已有清单：去重并沿用其站点。"),
    ] = None,
    lang: options.LangOption = None,
) -> int:
    """Read a list of devices; print inventory entries · 从 CSV、XLSX 或 NetBox 导入，输出建议清单."""
    inventory = options.load(path, resolve=False).inventory if path else None
    spoken = options.language(lang, inventory)
    try:
        table = import_files.read(file, importing.is_heading)
    except import_files.ImportProblem as error:
        raise UsageProblem(str(error)) from None
    found = importing.entries(
        table.rows, inventory, lambda address, name: text("import.known", spoken, address=address, name=name)
    )
    for line in (*table.remarks, *found.problems):
        options.say(f"{file}: {line}")
    good, bad = sum(device.good for device in found.devices), len(found.problems)
    heading = text("import.heading", spoken, file=file.name, count=good, bad=bad)
    sections = {"customers": found.customers, "sites": found.sites}
    sys.stdout.write(proposal.render(found.devices, [heading], sections))
    return 1 if bad else 0

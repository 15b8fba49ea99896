"""`discover record import`: everything that helps a new device into the inventory or into the tests."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from agent import discovery, import_files, importing, messages, proposal, ways
from agent.cli import options
from agent.cli.options import UsageProblem
from agent.cli.progress import progress
from agent.discovery import Found, Sweep
from agent.model import Inventory, Lang
from agent.output import put
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
        typer.Option(
            "--credentials",
            metavar="NAME",
            help="Of the inventory; only these are tried (repeatable). 只尝试这些凭据。",
        ),
    ],
    path: options.InventoryOption = options.INVENTORY,
    rate: Annotated[
        float, typer.Option(min=0.1, max=10_000, metavar="N", help="Addresses a second. 每秒地址数。")
    ] = 50.0,
    timeout: Annotated[
        float, typer.Option(min=0.05, max=60, metavar="SECONDS", help="Seconds an answer may take. 应答时限。")
    ] = 2.0,
    yes: Annotated[bool, typer.Option("--yes", help="Look at more than a /16. 允许超过 /16。")] = False,
    lang: options.LangOption = None,
) -> None:
    """Find devices, print inventory entries · 发现设备.

    Looks at every address of the networks with the credentials named. 用所列凭据逐个地址探测，输出建议的清单条目。
    """
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
    put(proposal.render(proposals, [heading]))


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
    with progress(text("discover.looking", lang), discovery.size(networks)) as shown:

        def done(address: str, found: Found | None) -> None:
            shown.advance(address)
            if found is not None:
                shown.line(f"{address} {found.name or found.greeting}")

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
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name in the inventory. 设备名。")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Folder of the case: tests/devices/FAMILY/CASE. 输出目录。")
    ],
    path: options.InventoryOption = options.INVENTORY,
    lang: options.LangOption = None,
) -> None:
    """Record a device, redacted, as a test case · 录制用例.

    Walks it over SNMP, or asks NUT for a UPS. 读取 SNMP 或 NUT 应答，脱敏后保存。
    """
    setup, spoken = options.opened(path, lang)
    entry = options.one(setup.inventory, device)
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
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .xlsx, or NetBox's .json. 设备台账文件。")],
    path: Annotated[
        Path | None,
        typer.Option(
            "-i",
            "--inventory",
            metavar="FILE",
            help="Leave out what is in it, use its sites. 已有清单：去重并沿用其站点。",
        ),
    ] = None,
    lang: options.LangOption = None,
) -> int:
    """Read a list, print inventory entries · 导入设备台账.

    From CSV, XLSX or NetBox. 支持 CSV、XLSX、NetBox 导出，输出建议的清单条目。
    """
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
        options.say(f"{file}: {messages.said(line, spoken)}")
    if found.hidden:
        options.say(f"{file}: {text('import.secrets', spoken, headings=', '.join(found.hidden))}")
    good, bad = sum(device.good for device in found.devices), len(found.problems)
    heading = text("import.heading", spoken, file=file.name, count=good, bad=bad)
    sections = {"customers": found.customers, "sites": found.sites}
    devices = [each if each.good else replace(each, note=messages.said(each.note, spoken)) for each in found.devices]
    put(proposal.render(devices, [heading], sections))
    return 1 if bad else 0

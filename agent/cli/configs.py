"""`config backup show diff log raw`: devices' configurations, their secrets masked but for the last."""

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from agent import reading, tables, wiring
from agent.cli import options
from agent.cli.options import UsageProblem
from agent.cli.progress import progress
from agent.configs.archive import Archive
from agent.configs.backup import FOLDER, RAW_FOLDER, Backup, site_name
from agent.configs.drift import compare
from agent.configs.files import write
from agent.configs.round import Round
from agent.configs.vault import Vault
from agent.model import Entry, Lang
from agent.output import Format, Row, emit, put, safe_terminal, tell_line
from agent.store import Store
from agent.texts import text
from collectors import configs
from collectors.model import Snapshot

DeviceArgument = Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name in the inventory. 设备名。")]
VersionOption = Annotated[
    str, typer.Option("--version", metavar="ID", help="A version of `config log`. 版本号，默认最新。")
]


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    group = typer.Typer(
        help="Back up configurations, show them · 配置备份.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (backup, show, diff, log, raw):
        group.command()(command)
    app.add_typer(group, name="config")


def backup(
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    site: options.SiteOption = [],
    device: options.DeviceOption = [],
    device_class: options.ClassOption = [],
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> int:
    """Back up configurations now, outside of an inspection · 立即备份配置."""
    setup, spoken = options.opened(path, lang)
    entries = options.select(setup.inventory, site, device, device_class)
    rows = asyncio.run(_back_up(setup, entries, data, spoken))
    emit(rows, tables.backup_columns(spoken), form)
    return int(any(row["failed"] for row in rows))


async def _back_up(setup: options.Setup, entries: Sequence[Entry], data: Path, lang: Lang) -> list[Row]:
    reader = reading.reader(setup.profiles)
    rounds = wiring.configurations(setup.inventory, data, reader)
    wanted = [entry for entry in entries if entry.device.ssh is not None and entry.config_backup]
    snapshots = _known(wanted, setup.profiles, data)
    strangers = [entry for entry in wanted if snapshots[entry.name].profile is None]
    with progress(text("cli.reading", lang), len(strangers) + len(wanted)) as shown:
        snapshots |= await reader.all(strangers, {}, lambda snapshot: shown.advance(snapshot.device))
        backups = await rounds.all(
            wanted, snapshots, "netpatrol config backup", inspecting=False, done=lambda each: shown.advance(each.device)
        )
    return [_backup_row(entry, backups.get(entry.name), rounds, snapshots, lang) for entry in entries]


def _known(entries: Iterable[Entry], own: Container[str], data: Path) -> dict[str, Snapshot]:
    """Return what each device is known to be, by the inventory or its last reading, without asking it.

    A community profile that the inventory names does not say so.
    """
    names = [entry.name for entry in entries]
    before: Mapping[str, Snapshot] = {}
    if (data / wiring.STORE).exists():
        with Store.open(data / wiring.STORE) as store:
            before = store.latest(names)
    profiles = {entry.name: entry.device.profile if entry.device.profile in own else None for entry in entries}
    return {
        name: Snapshot(
            device=name,
            taken_at=reading.now(),
            profile=profiles[name] or (before[name].profile if name in before else None),
            up=True,
        )
        for name in names
    }


def _backup_row(entry: Entry, done: Backup | None, rounds: Round, snapshots: Mapping[str, Snapshot], lang: Lang) -> Row:
    if done is None:
        why = _why_not(entry, rounds, snapshots.get(entry.name))
        failed = why == "why_silent"
        word = "failed" if failed else "cannot"
        return {"device": entry.name, "result": text(f"config.{word}", lang), "why": text(f"config.{why}", lang)} | {
            "failed": failed
        }
    result = "failed" if done.saved is None else "saved" if done.saved.commit else "unchanged"
    return {
        "device": entry.name,
        "result": text(f"config.{result}", lang),
        "lines": done.lines or "",
        "commit": done.saved.commit[:10] if done.saved and done.saved.commit else "",
        "why": "; ".join(dict.fromkeys(failure.message for failure in done.reading.failures)),
        "failed": done.saved is None,
    }


def _why_not(entry: Entry, rounds: Round, snapshot: Snapshot | None) -> str:
    if entry.device.ssh is None:
        return "why_ssh"
    if not entry.config_backup:
        return "why_off"
    silent = snapshot is None or snapshot.profile is None or rounds.cli(entry, snapshot.profile) is not None
    return "why_silent" if silent else "why_family"


def show(
    device: DeviceArgument,
    version: VersionOption = "HEAD",
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    lang: options.LangOption = None,
) -> None:
    """Print a backed-up configuration · 查看配置.

    Secrets are masked. 口令已脱敏。
    """
    setup, spoken = options.opened(path, lang, resolve=False)
    entry, archive = _kept(device, setup, data, spoken)
    _print(_lines(archive, entry, version))


def diff(
    device: DeviceArgument,
    old: Annotated[str, typer.Option("--from", metavar="ID", help="The older version. 旧版本，默认上一个。")] = "",
    new: Annotated[str, typer.Option("--to", metavar="ID", help="The newer version. 新版本，默认最新。")] = "",
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    lang: options.LangOption = None,
) -> None:
    """Print what changed between two versions · 比较版本.

    Secrets are masked. 口令已脱敏。
    """
    setup, spoken = options.opened(path, lang, resolve=False)
    entry, archive = _kept(device, setup, data, spoken)
    versions = archive.versions(entry.name, limit=2)
    if not old and len(versions) < 2:
        raise UsageProblem(text("config.one_version", spoken, device=device))
    before, after = old or versions[1].id, new or versions[0].id
    drift = compare(_lines(archive, entry, before), _lines(archive, entry, after), configs.load(""))
    if not drift.lines:
        tell_line(text("config.same", spoken))
        return
    _print([f"--- {device} {before[:10]}", f"+++ {device} {after[:10]}", *drift.lines])


def log(
    device: DeviceArgument,
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    form: options.FormatOption = Format.TABLE,
    lang: options.LangOption = None,
) -> None:
    """List the versions of a configuration · 列出历次版本."""
    setup, spoken = options.opened(path, lang, resolve=False)
    entry, archive = _kept(device, setup, data, spoken)
    rows = [tables.version_row(each, setup.inventory.timezone) for each in archive.versions(entry.name)]
    emit(rows, tables.version_columns(spoken), form)


def raw(
    device: DeviceArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write; mode 0600. 写入的文件。")],
    path: options.InventoryOption = options.INVENTORY,
    data: options.DataOption = options.DATA,
    lang: options.LangOption = None,
) -> None:
    """Write the raw configuration to a file · 导出原文.

    With its secrets; needs the key of the inventory. 含口令，须有清单中的密钥。
    """
    setup, spoken = options.opened(path, lang)
    entry = options.one(setup.inventory, device)
    if setup.inventory.config_key is None:
        raise UsageProblem(text("config.no_key", spoken, file=path))
    vault = Vault(data / RAW_FOLDER, setup.inventory.config_key)
    newest = vault.newest(site_name(entry), entry.name, reading.now())
    if newest is None:
        raise UsageProblem(text("config.none", spoken, device=device))
    if out.exists():
        raise UsageProblem(text("config.there", spoken, file=out))
    secret = vault.load(newest, site_name(entry), entry.name)
    write(out, secret.reveal().encode("utf-8", "surrogatepass"), new=True)
    tell_line(text("config.raw_written", spoken, device=device, file=out))


def _kept(device: str, setup: options.Setup, data: Path, lang: Lang) -> tuple[Entry, Archive]:
    """Return a device and the archive that has it. Raises UsageProblem where it has no backup."""
    entry = options.one(setup.inventory, device)
    archive = Archive(data / FOLDER / site_name(entry))
    if not (data / FOLDER / site_name(entry) / ".git").exists() or not archive.versions(entry.name, limit=1):
        raise UsageProblem(text("config.none", lang, device=device))
    return entry, archive


def _lines(archive: Archive, entry: Entry, version: str) -> list[str]:
    return archive.text(entry.name, version).removesuffix("\n").split("\n")


def _print(lines: Iterable[str]) -> None:
    put("".join(f"{safe_terminal(line)}\n" for line in lines))

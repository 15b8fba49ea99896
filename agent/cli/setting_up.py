"""`init check-config schema trust`: everything before the first inspection."""

import json
from pathlib import Path
from typing import Annotated

import typer

from agent import inventory
from agent.cli import options
from agent.cli.options import UsageProblem
from agent.texts import text
from collectors import ssh


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    app.command()(init)
    app.command("check-config")(check_config)
    app.command()(schema)
    app.command()(trust)


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it. 写到哪里。")] = options.INVENTORY,
    force: Annotated[bool, typer.Option("--force", help="Overwrite. 覆盖已有文件。")] = False,
) -> None:
    """Write a commented starter inventory · 生成带注释的设备清单样例."""
    if path.exists() and not force:
        raise UsageProblem(f"{path} is already there (--force overwrites it)")
    path.write_text(inventory.EXAMPLE, encoding="utf-8")
    typer.echo(f"{path}: edit it, then run: netpatrol check-config -i {path}", err=True)


def check_config(path: options.InventoryOption = options.INVENTORY, lang: options.LangOption = None) -> None:
    """Check the inventory, profiles and checks; name every mistake · 检查配置，列出全部错误."""
    setup = options.load(path, warn=options.say)
    spoken = options.language(lang, setup.inventory)
    options.say_not_understood(setup, spoken)
    count = {"devices": len(setup.inventory.entries), "profiles": len(setup.profiles), "checks": len(setup.checks)}
    typer.echo(f"{path}: " + text("cli.config_ok", spoken, **count))
    if setup.inventory.profiles_dirs:
        read = {"files": len(setup.profiles.community.profiles), "samples": len(setup.profiles.community.meanings)}
        typer.echo(f"{path}: " + text("community.read", spoken, **read))


def schema() -> None:
    """Print the inventory's JSON Schema, for editors · 输出设备清单的 JSON Schema."""
    typer.echo(json.dumps(inventory.json_schema(), ensure_ascii=False, indent=2))


def trust(
    device: Annotated[str, typer.Argument(help="The device's name in the inventory. 设备名。")],
    path: options.InventoryOption = options.INVENTORY,
    lang: options.LangOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a key that changed. 替换已变更的密钥。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. 不询问。")] = False,
) -> None:
    """Show a device's SSH host key and, once you have compared it, trust it · 核对并信任设备的 SSH 主机密钥."""
    setup, spoken = options.opened(path, lang, resolve=False)
    (entry,) = options.select(setup.inventory, devices=[device])
    access = entry.device.ssh
    if access is None or access.known_hosts is None:
        raise UsageProblem(f"{device}: has no ssh credential in the inventory")
    key = ssh.fetch_host_key(entry.device.address, access.port, access.connect_timeout)
    typer.echo(f"{device} {entry.device.address}:{access.port} {key.name} {key.fingerprint}", err=True)
    if not yes:
        typer.confirm(text("cli.trust_question", spoken), abort=True, err=True)
    ssh.add_host_key(access.known_hosts, entry.device.address, access.port, key, replace=replace)
    typer.echo(text("cli.trusted", spoken, device=device, file=access.known_hosts), err=True)

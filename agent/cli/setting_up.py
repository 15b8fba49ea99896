"""`init check-config schema trust`: everything before the first inspection."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent import files, inventory, messages
from agent.cli import options
from agent.cli.options import UsageProblem
from agent.model import Lang
from agent.output import put, tell_line
from agent.texts import text
from collectors import ssh
from collectors.yamlfile import Problem


def register(app: typer.Typer) -> None:
    """Add this module's subcommands."""
    app.command()(init)
    app.command("check-config")(check_config)
    app.command()(schema)
    app.command()(trust)


def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it. 写到哪里。")] = options.INVENTORY,
    force: Annotated[bool, typer.Option("--force", help="Overwrite. 覆盖已有文件。")] = False,
    lang: options.LangOption = None,
) -> None:
    """Write a commented starter inventory · 生成清单样例."""
    spoken = options.language(lang)
    if path.exists() and not force:
        raise UsageProblem(text("cli.there", spoken, file=path))
    files.write(path, inventory.EXAMPLE.encode())
    options.say(text("cli.written", spoken, file=path))


def check_config(path: options.InventoryOption = options.INVENTORY, lang: options.LangOption = None) -> None:
    """Check the inventory, name every mistake · 检查配置.

    Profiles and checks are checked with it. 列出清单、采集模板、检查项的全部错误。
    """
    warnings: list[Problem] = []
    setup = options.load(path, warn=warnings.append)
    spoken = options.language(lang, setup.inventory)
    for warning in warnings:
        options.say(messages.problem(warning, spoken))
    options.say_not_understood(setup, spoken)
    count = {"devices": len(setup.inventory.entries), "profiles": len(setup.profiles), "checks": len(setup.checks)}
    put(f"{path}: {text('cli.config_ok', spoken, **count)}\n")
    if setup.inventory.profiles_dirs:
        read = {"files": len(setup.profiles.community.profiles), "samples": len(setup.profiles.community.meanings)}
        put(f"{path}: {text('community.read', spoken, **read)}\n")


def schema() -> None:
    """Print the inventory's JSON Schema · 输出 JSON Schema.

    For editors that complete and check what is typed. 供编辑器补全与校验。
    """
    put(json.dumps(inventory.json_schema(), ensure_ascii=False, indent=2) + "\n")


def trust(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name in the inventory. 设备名。")],
    path: options.InventoryOption = options.INVENTORY,
    lang: options.LangOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a key that changed. 替换已变更的密钥。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. 不询问。")] = False,
) -> int:
    """Show a device's SSH host key, trust it · 信任主机密钥.

    Compare the fingerprint with what the device itself shows. 请先与设备上显示的指纹核对。
    """
    setup, spoken = options.opened(path, lang, resolve=False)
    entry = options.one(setup.inventory, device)
    access = entry.device.ssh
    if access is None or access.known_hosts is None:
        raise UsageProblem(text("cli.no_ssh", spoken, device=device))
    key = ssh.fetch_host_key(entry.device.address, access.port, access.connect_timeout)
    tell_line(f"{device} {entry.device.address}:{access.port} {key.name} {key.fingerprint}")
    if not (yes or _confirmed(spoken)):
        options.say(text("cli.not_trusted", spoken, device=device))
        return 1
    ssh.add_host_key(access.known_hosts, entry.device.address, access.port, key, replace=replace)
    tell_line(text("cli.trusted", spoken, device=device, file=access.known_hosts))
    return 0


def _confirmed(lang: Lang) -> bool:
    """Ask whether the key is right. Raises UsageProblem where nobody is there to answer."""
    try:
        return typer.confirm(text("cli.trust_question", lang), err=True)
    except typer.Abort:
        if sys.stdin is not None and sys.stdin.isatty():
            raise
        raise UsageProblem(text("cli.nobody_to_ask", lang)) from None

"""What the subcommands share: options, the loaded inventory, and where the data lies."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, cast

import typer

from agent import checks, inventory
from agent.checks import by_hand
from agent.checks.by_hand import ManualItem
from agent.checks.rules import Cadence, Check
from agent.inventory_problems import choice
from agent.inventory_scalars import parse_endpoint
from agent.model import Entry, Inventory, Lang
from agent.output import Format, tell_line
from agent.texts import text
from agent.traps.settings import Traps
from collectors import profiles
from collectors.model import DeviceClass
from collectors.profiles import ProfileSet
from collectors.profiles.community import NotUnderstood
from collectors.yamlfile import Problem, YamlError

InventoryOption = Annotated[
    Path,
    typer.Option(
        "-i", "--inventory", envvar="NETPATROL_INVENTORY", metavar="FILE", help="The inventory file. 设备清单文件。"
    ),
]
DataOption = Annotated[
    Path,
    typer.Option(
        "--data", envvar="NETPATROL_DATA", metavar="FOLDER", help="Folder of the store and the reports. 数据目录。"
    ),
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        envvar="NETPATROL_LANG",
        metavar="zh|en",
        help="Language; default: the inventory's, else the locale's. 语言，默认依清单、系统区域。",
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", metavar="table|json|jsonl|csv", help="How rows are printed. 输出格式。")
]
SiteOption = Annotated[
    list[str], typer.Option("--site", metavar="NAME", help="Only this site (repeatable). 只选此站点。")
]
DeviceOption = Annotated[
    list[str], typer.Option("--device", metavar="NAME", help="Only this device (repeatable). 只选此设备。")
]
ClassOption = Annotated[
    list[DeviceClass],
    typer.Option("--class", metavar="|".join(DeviceClass), help="Only this class (repeatable). 只选此类设备。"),
]
TrapsOption = Annotated[
    str | None,
    typer.Option(
        "--traps",
        metavar="HOST:PORT|off",
        help="Where traps are heard; default: as the inventory says. Trap 监听地址。",
    ),
]


class InspectionCadence(StrEnum):
    """Which of the contract's inspections it is."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"


CadenceOption = Annotated[
    InspectionCadence | None,
    typer.Option(
        "--cadence",
        metavar="|".join(InspectionCadence),
        help="Only what belongs to this inspection; default: all. 按周期选择检查项，默认全部。",
    ),
]

INVENTORY = Path("inventory.yaml")
DATA = Path("netpatrol-data")


class UsageProblem(ValueError):
    """What the user asked for cannot be done as asked. The message is for the user."""


def language(given: str | None, found: Inventory | None = None) -> Lang:
    """Return the language to speak: as given, else the inventory's, else the locale's. Raises UsageProblem."""
    if given is None and found is not None and found.language:
        return found.language
    if given is None:
        return _of_locale()
    if given not in ("zh", "en"):
        raise UsageProblem(f"--lang {given}: not a language here (right form: --lang zh or --lang en)")
    return cast("Lang", given)


def language_of(arguments: Sequence[str]) -> Lang:
    """Return the language to say in what is wrong with a command, as far as its arguments could be understood."""
    words = [part for argument in arguments for part in argument.split("=", 1)]
    named = {word: after for word, after in pairwise(words) if word == "--lang"}
    given = named.get("--lang") or os.environ.get("NETPATROL_LANG")
    return cast("Lang", given) if given in ("zh", "en") else _of_locale()


def _of_locale() -> Lang:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"


def cadence_of(given: InspectionCadence | None) -> Cadence | None:
    """Return the cadence by its word in check files."""
    return given.value if given else None


def endpoint(option: str, given: str, right: str) -> tuple[str, int]:
    """Return the address and port that an option gives. Raises UsageProblem, with the right form."""
    try:
        return parse_endpoint(given)
    except ValueError as error:
        raise UsageProblem(f"{option} {given}: {error} (right form: {right})") from None


def traps(given: str | None, found: Inventory) -> Traps | None:
    """Return where traps are heard: as given, else as the inventory says. Raises UsageProblem."""
    if given is None or given == "off":
        return None if given else found.traps
    host, port = endpoint("--traps", given, "--traps 0.0.0.0:1162, or --traps off")
    return Traps(host=host, port=port, relays=found.traps.relays if found.traps else ())


@dataclass(frozen=True, slots=True)
class Setup:
    """All that is read from files before anything is done."""

    inventory: Inventory
    profiles: ProfileSet
    checks: Mapping[str, Check]
    items: Mapping[str, ManualItem]  # what a person looks at


def load(path: Path, *, resolve: bool = True, warn: Callable[[Problem], object] = lambda problem: None) -> Setup:
    """Read profiles, checks and the inventory. Raises YamlError with every problem found.

    `resolve=False` leaves secrets alone: enough to list what is known. What is unwise goes to `warn`.
    """
    if not path.exists():
        hint = "there is no such file: netpatrol init writes one, -i FILE names another"
        raise YamlError([Problem(str(path), 0, "", hint)])
    known_profiles, known_checks = profiles.load(), checks.load()

    def names(folders: tuple[Path, ...]) -> Collection[str]:
        nonlocal known_profiles
        known_profiles = known_profiles.with_community(folders) if folders else known_profiles
        return known_profiles.names

    found = inventory.load(path, resolve=resolve, profiles=names, checks=known_checks, warn=warn)
    return Setup(found, known_profiles, known_checks, by_hand.load())


def opened(path: Path, lang: str | None, *, resolve: bool = True) -> tuple[Setup, Lang]:
    """Read what a command works with, and tell the language it speaks. Raises YamlError, UsageProblem."""
    setup = load(path, resolve=resolve)
    return setup, language(lang, setup.inventory)


def not_understood(setup: Setup, lang: Lang) -> Iterator[str]:
    """Yield what is not read of community profiles as `file:line: key: what`; the same of a file once, counted."""
    same: dict[tuple[str, str, str], list[NotUnderstood]] = {}
    for note in setup.profiles.community.not_understood:
        last = note.key.rpartition(".")[2] if note.why == "key" else ""
        same.setdefault((note.file, note.why, note.what + last), []).append(note)
    for first, *more in same.values():
        words = text(f"community.{first.why}", lang, what=first.what)
        if more:
            words += text("community.more", lang, count=len(more))
        yield ": ".join(filter(None, (f"{first.file}:{first.line}", first.key, words)))


def say_not_understood(setup: Setup, lang: Lang) -> None:
    """Name on stderr what is not read of community profiles."""
    for line in not_understood(setup, lang):
        say(line)


def say(line: object) -> None:
    """Write a line of ours to stderr."""
    tell_line(f"netpatrol: {line}")


def select(
    found: Inventory, sites: Sequence[str] = (), devices: Sequence[str] = (), classes: Iterable[DeviceClass] = ()
) -> tuple[Entry, ...]:
    """Return the entries in the inventory's order that meet every given filter. Raises UsageProblem."""
    _known("--site", sites, found.sites)
    _known("--device", devices, found.entries)
    wanted = set(classes)
    chosen = tuple(
        entry
        for entry in found.entries.values()
        if (not sites or (entry.site and entry.site.name in sites))
        and (not devices or entry.name in devices)
        and (not wanted or entry.device.device_class in wanted)
    )
    if not chosen:
        raise UsageProblem("no device of the inventory is selected (see: netpatrol devices)")
    return chosen


def one(found: Inventory, name: str) -> Entry:
    """Return the device that an argument names. Raises UsageProblem."""
    _known("DEVICE", [name], found.entries)
    return found.entries[name]


def _known(option: str, given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise UsageProblem(f"{option} {name}: not in the inventory{choice(name, sorted(known))}")

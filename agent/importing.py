"""Turn rows of a customer's list into entries of inventory.yaml. Pure.

What the inventory has no key for stays beside the entry, as a comment; a row that cannot be an entry is told, and stays
as a comment too: nothing of the list is lost, but secrets are not shown.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.import_files import Row
from agent.inventory_file import DeviceForm
from agent.model import Inventory
from agent.proposal import Keys, Names, Proposal, valid_name
from collectors import yamlfile

LISTS = ("credentials", "groups", "tags")
DATES = ("installed", "warranty", "battery_installed")
MASK = "***"
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")


@dataclass(frozen=True, slots=True)
class Words:
    """What lists call things: folded word → our own."""

    columns: Mapping[str, str]
    classes: Mapping[str, str]
    criticalities: Mapping[str, str]
    secrets: tuple[str, ...]  # in the heading of what is not to be shown


@dataclass(slots=True)
class Imported:
    """What a list comes to. `problems` are rows that are no entries, and why."""

    devices: list[Proposal] = field(default_factory=list)
    sites: list[Keys] = field(default_factory=list)
    customers: list[Keys] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hidden: dict[str, None] = field(default_factory=dict)  # headings of secrets, in their order


@cache
def words() -> Words:
    data = yamlfile.read(Path(__file__).with_name("importing.yaml")).data
    secrets = tuple(data.pop("secrets"))
    turned = {group: {folded(w): key for key, known in keys.items() for w in known} for group, keys in data.items()}
    return Words(turned["columns"], turned["classes"], turned["criticalities"], secrets)


def folded(text: str) -> str:
    """Return a heading as the known ones are written: `管理 IP（必填）*` is `管理ip`."""
    return re.sub(r"[\s_\-*:：/.]+|[(（【\[].*", "", text).casefold()


def is_heading(text: str) -> bool:
    return folded(text) in words().columns


@cache
def is_secret(heading: str) -> bool:
    """Say whether the cells below a heading without a key are secrets: `SNMP团体字`, `Enable Password`."""
    plain = re.sub(r"[\s_\-.]+", "", heading).casefold()
    return not is_heading(heading) and any(word in plain for word in words().secrets)


def entries(rows: Iterable[Row], inventory: Inventory | None, same: Callable[[str, str], str]) -> Imported:
    """Return an entry for each row. `same` words that a thing (1) is the row's or the inventory's (2) already."""
    importer = _Importer(inventory, same)
    for row in rows:
        importer.take(row)
    return importer.imported


class _Importer:
    """Remembers which names, addresses and sites there are."""

    def __init__(self, inventory: Inventory | None, same: Callable[[str, str], str]) -> None:
        known = inventory.entries.values() if inventory else ()
        self.imported = Imported()
        self._same = same
        self._names = Names({entry.name for entry in known})
        self._addresses = {entry.device.address: entry.name for entry in known}
        self._inventory = inventory
        self._called: dict[tuple[str, str], str] = {}  # (section, what the list says) → name
        self._section_names = {"sites": Names(), "customers": Names()}
        for section, names in self._section_names.items():
            for thing in getattr(inventory, section, {}).values():
                names.taken.add(thing.name)
                self._called |= {(section, text): thing.name for text in (thing.name, thing.title.zh, thing.title.en)}

    def take(self, row: Row) -> None:
        row = self._shown(row)
        keys, left, problems = _mapped(row)
        address = str(keys.get("address", ""))
        if address in self._addresses:
            problems.append(self._same(address, self._addresses[address]))
        problems += _wrong({key: value for key, value in keys.items() if key not in ("name", "site", "customer")})
        if problems:
            left = {key: str(value) for key, value in row.cells.items()}
            self.imported.problems += [f"{row.where}: {'; '.join(problems)}"]
            self.imported.devices.append(Proposal(left, f"{row.where}: {'; '.join(problems)}", good=False))
            return
        called = str(keys.get("name", ""))
        name = self._names.give(called, f"device-{address}")
        self._addresses[address] = name
        if called and name != called:
            left = {"name": called} | left
        entry = {"name": name, **{key: value for key, value in keys.items() if key not in ("name", "site", "customer")}}
        if site := str(keys.get("site", "")):
            entry["site"] = self._site(site, str(keys.get("customer", "")))
        elif customer := keys.get("customer"):
            left = left | {"customer": str(customer)}
        self.imported.devices.append(Proposal(entry, "; ".join(f"{key}: {text}" for key, text in left.items())))

    def _shown(self, row: Row) -> Row:
        """Return the row without its secrets."""
        hidden = dict.fromkeys(filter(is_secret, row.cells))
        self.imported.hidden |= hidden
        return replace(row, cells={**row.cells, **dict.fromkeys(hidden, MASK)})

    def _site(self, title: str, customer: str) -> str:
        """Return the name of a site, proposing it where the inventory does not have it."""
        known = ("sites", title)
        if known not in self._called:
            self._called[known] = self._section_names["sites"].give(title, "site")
            owner = self._customer(customer)
            self.imported.sites.append({"name": self._called[known], "title": title, "customer": owner})
        return self._called[known]

    def _customer(self, title: str) -> str:
        if not title and self._inventory and len(self._inventory.customers) == 1:
            return next(iter(self._inventory.customers))
        known = ("customers", title)
        if known not in self._called:
            name = self._called[known] = self._section_names["customers"].give(title, "customer")
            self.imported.customers.append({"name": name, "title": title or name})
        return self._called[known]


# ---- one row ----


def _mapped(row: Row) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Return the row's keys as the inventory has them, what is left over, and what is wrong."""
    keys: dict[str, Any] = {}
    left: dict[str, str] = {}
    problems: list[str] = []
    meant = _columns(row.cells)
    for heading, text in row.cells.items():
        key = meant.get(heading)
        if key is None:
            left[heading] = text
            continue
        try:
            keys[key] = _value(key, text)
        except ValueError as error:
            problems.append(f"{heading}: {error}")
    problems += [f"has no {key}" for key in ("address", "class") if key not in keys and not _named_in(problems, key)]
    order = ("name", "address", "class", "site")
    return dict(sorted(keys.items(), key=lambda item: order.index(item[0]) if item[0] in order else 9)), left, problems


def _columns(headings: Iterable[str]) -> dict[str, str]:
    """Return heading → key. Where two could be a key, the better word is: 站点 before 位置."""
    rank = {word: number for number, word in enumerate(words().columns)}
    found: dict[str, str] = {}
    for heading in sorted(filter(is_heading, headings), key=lambda heading: rank[folded(heading)]):
        key = words().columns[folded(heading)]
        if key not in found.values():
            found[heading] = key
    return found


def _named_in(problems: Sequence[str], key: str) -> bool:
    return any(words().columns.get(folded(problem.partition(":")[0])) == key for problem in problems)


def _value(key: str, text: str) -> object:
    """Return a cell as the inventory writes it. Raises ValueError."""
    if key in ("class", "criticality"):
        return _meant(text, words().classes if key == "class" else words().criticalities)
    if key in LISTS:
        return [item for item in re.split(r"[,，;；、]\s*" if key == "tags" else r"[,，;；、\s]+", text) if item]
    if key in DATES and (found := _DATE.fullmatch(text)):
        return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"
    if key == "parent":
        return valid_name(text) or text
    return text.partition("/")[0].strip() if key == "address" else text


def _meant(text: str, known: Mapping[str, str]) -> str:
    found = folded(text)
    if found in known:
        return known[found]
    inside = [word for word in known if word in found]
    if not inside:
        right = ", ".join(dict.fromkeys(known.values()))
        raise ValueError(f"{text!r} is none of {right}, nor a word known for one")
    return known[max(inside, key=len)]


def _wrong(keys: Mapping[str, Any]) -> list[str]:
    """Say what the inventory would not take."""
    try:
        DeviceForm.model_validate({"name": "imported", **keys})
    except ValidationError as error:
        return [f"{each['loc'][0]}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()]
    return []

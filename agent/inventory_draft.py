"""Read inventory.yaml into its forms, each item by itself: one that is wrong does not hide what is wrong elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from agent.inventory_contracts import ContractForm, CustomerForm, SiteForm
from agent.inventory_file import BaselineForm, CredentialForm, DefaultsForm, DeviceForm, File, GroupForm
from agent.inventory_problems import Problems, example, unknown_key, validated
from agent.inventory_push import PushForm
from agent.inventory_scalars import parse_name
from agent.inventory_traps import TrapsForm
from collectors.yamlfile import KeyPath

F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Item(Generic[F]):
    """One item and where it stands. What is wrong in it is noted already, and left out of `form`: then not `whole`."""

    path: KeyPath
    form: F | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Section(Generic[F]):
    """The items of one top-level key. `readable` is False when they cannot be told apart at all."""

    items: tuple[Item[F], ...] = ()
    names: Mapping[str, Item[F]] | None = None
    readable: bool = True

    def find(self, name: str | None) -> Item[F] | None:
        return self.names.get(name) if self.names and name else None

    def forms(self) -> Iterator[tuple[KeyPath, F]]:
        """Yield the items, as far as they are right in themselves."""
        for item in self.items:
            if item.form is not None:
                yield item.path, item.form

    def whole(self) -> Iterator[tuple[KeyPath, F]]:
        """Yield the items that are all right in themselves."""
        for item in self.items:
            if item.form is not None and item.whole:
                yield item.path, item.form


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole file in its forms; nothing is looked up yet."""

    defaults: Item[DefaultsForm]
    push: Item[PushForm] | None  # None: there is no such key
    credentials: Section[CredentialForm]
    customers: Section[CustomerForm]
    contracts: Section[ContractForm]
    sites: Section[SiteForm]
    groups: Section[GroupForm]
    baselines: Section[BaselineForm]
    traps: Item[TrapsForm] | None
    devices: Section[DeviceForm]


def _example(key: str) -> Any:
    return example(File.model_fields[key])


_WHOLE = {"devices": _example("devices")}


def read_draft(data: Any, problems: Problems) -> Draft:
    """Check the shape of the whole file, noting all that is wrong with it."""
    if not isinstance(data, dict):
        problems.add((), "the inventory must be a mapping of keys; `netpatrol init` writes one to begin with", _WHOLE)
        data = {"devices": []}
    for key in data:
        if key not in File.model_fields:
            unknown_key((key,), File, (), problems)
    if "devices" not in data:
        problems.add(("devices",), "is required", _WHOLE)
    return Draft(
        defaults=_single("defaults", DefaultsForm, data, problems),
        push=_single("push", PushForm, data, problems) if "push" in data else None,
        traps=_single("traps", TrapsForm, data, problems) if "traps" in data else None,
        credentials=_mapping("credentials", CredentialForm, data, problems),
        customers=_list("customers", CustomerForm, data, problems),
        contracts=_list("contracts", ContractForm, data, problems),
        sites=_list("sites", SiteForm, data, problems),
        groups=_mapping("groups", GroupForm, data, problems),
        baselines=_list("baselines", BaselineForm, data, problems),
        devices=_list("devices", DeviceForm, data, problems),
    )


def _single(key: str, model: type[F], data: dict[str, Any], problems: Problems) -> Item[F]:
    raw = data.get(key, {})
    if raw is None:
        _empty(key, problems)
        return Item((key,), None, whole=False)
    return Item((key,), *validated(model, raw, (key,), problems, _example(key)))


def _mapping(key: str, model: type[F], data: dict[str, Any], problems: Problems) -> Section[F]:
    raw = data.get(key, {})
    if not isinstance(raw, dict):
        return _unreadable(key, raw, "must be a mapping of names", problems)
    names: dict[str, Item[F]] = {}
    (right,) = _example(key).values()
    for name, value in raw.items():
        try:
            parse_name(name)
        except ValueError as error:
            problems.add((key, name), str(error))
        names[name] = Item((key, name), *validated(model, value, (key, name), problems, right))
    return Section(tuple(names.values()), names)


def _list(key: str, model: type[F], data: dict[str, Any], problems: Problems) -> Section[F]:
    raw = data.get(key, [])
    if not isinstance(raw, list):
        return _unreadable(key, raw, "must be a list", problems)
    (right,) = _example(key)
    items = tuple(Item((key, n), *validated(model, value, (key, n), problems, right)) for n, value in enumerate(raw))
    names: dict[str, Item[F]] = {}
    for item, value in zip(items, raw, strict=True):
        name = value.get("name") if isinstance(value, dict) else None
        if not isinstance(name, str):
            continue
        if name in names:
            first = problems.line((*names[name].path, "name"))
            problems.add((*item.path, "name"), f"{name!r} is taken: the first of that name is on line {first}")
        else:
            names[name] = item
    return Section(items, names)


def _unreadable(key: str, raw: object, message: str, problems: Problems) -> Section[F]:
    if raw is None:
        _empty(key, problems)
    else:
        problems.add((key,), message, _example(key))
    return Section(readable=False)


def _empty(key: str, problems: Problems) -> None:
    problems.add((key,), "is empty: give it a value, or leave it out", _example(key))

"""What notifications mean: known/*.yaml, one file a maker, each trap with its name, texts and gravity. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from collectors import convert, yamlfile
from collectors.model import Health, Value
from collectors.yamlfile import Problem
from collectors.yamlform import Strict, fitted, read_folders, refuse

FOLDER = Path(__file__).parent / "known"

Role = Literal["fault", "news"]
MAX_SHOWN = 8  # variable bindings in a text
MAX_VALUE = 60  # characters of one
MAX_ENTITY = 100
MAX_NAME = 200  # characters of the OID of a trap that nobody here knows: 128 arcs may have 1,400
MAX_TEXT = 700
UNKNOWN_HOLDS = timedelta(hours=1)
HOLDS: Mapping[Role, timedelta] = {"fault": timedelta(days=1), "news": timedelta(minutes=10)}

OidText = Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]{0,9})){1,127}$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]


def _minutes(value: object) -> object:
    units = {"m": 60, "h": 3600, "d": 86400}
    if isinstance(value, str) and value[:-1].isdigit() and value[-1] in units:
        return timedelta(seconds=int(value[:-1]) * units[value[-1]])
    return value


class Words(Strict):
    """A text for people, in both languages."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Named(Strict):
    """An object that notifications carry. `words` say what its values (numbers, OIDs) mean."""

    oid: OidText
    words: Mapping[str, str] = {}


class Said(NamedTuple):
    """What one variable binding says: as it came, in words, and the index of its object."""

    raw: str
    words: str
    instance: str


class Verdict(Strict):
    """An object that decides how grave a trap is: its values, as they come or in the object's words."""

    object: Key
    ok: Sequence[str] = ()
    warning: Sequence[str] = ()
    critical: Sequence[str] = ()

    def health(self, said: "Said") -> Health | None:
        """Return what a value means; None where the file does not say."""
        sides = ((Health.OK, self.ok), (Health.WARNING, self.warning), (Health.CRITICAL, self.critical))
        return next((health for health, values in sides if said.raw in values or said.words in values), None)


class Trap(Strict):
    """One notification. One that is `ok` ends those it `clears`, and itself, of the same entity."""

    oid: OidText
    text: Words
    health: Health
    role: Role = "fault"
    entity: Sequence[Key] = ()  # objects whose value names the thing; the first that is there
    index_of: Key | None = None  # an object whose index names it
    named: Sequence[Key] = ()  # objects whose value is what people call it
    clears: Sequence[Key] = ()
    by: Verdict | None = None
    polled: Sequence[str] = ()  # samples (sample:kind) by which polling judges the same: then the trap is news
    hold: Annotated[timedelta, BeforeValidator(_minutes)] | None = None  # how long it holds without being cleared

    @property
    def holds(self) -> timedelta:
        return self.hold or HOLDS[self.role]


class Mib(Strict):
    """One file."""

    source: str  # where the definitions are
    objects: Mapping[Key, Named] = {}
    traps: Mapping[Key, Trap]

    @model_validator(mode="after")
    def _names_its_objects(self) -> "Mib":
        for name, trap in self.traps.items():
            named = {
                *trap.entity,
                *trap.named,
                *([trap.index_of] if trap.index_of else []),
                *([trap.by.object] if trap.by else []),
            }
            if unknown := sorted(named - self.objects.keys()):
                raise ValueError(f"{name} names {', '.join(unknown)}, which is not among the objects")
            if unknown := sorted(set(trap.clears) - self.traps.keys()):
                raise ValueError(f"{name} clears {', '.join(unknown)}, which is not among the traps")
        return self


@dataclass(frozen=True, slots=True)
class Event:
    """What one notification says. `trap` is its name, or its OID where nobody here knows it; raw texts, hostile."""

    trap: str
    entity: str
    health: Health
    text: str  # `linkDown (ifIndex=3, ifAdminStatus=up)`
    name: str = ""  # what people call the entity, if the notification says so


class Meanings:
    """All that is known, by OID and by name."""

    def __init__(self, mibs: Iterable[Mib]) -> None:
        self._by_oid: dict[str, tuple[str, Trap, Mib]] = {}
        self.traps: dict[str, Trap] = {}
        for mib in mibs:
            for name, trap in mib.traps.items():
                self._by_oid[_plain(trap.oid)] = name, trap, mib
                self.traps[name] = trap

    def event(self, oid: str, varbinds: Sequence[tuple[str, Value]]) -> Event:
        """Return what a notification says."""
        name, trap, mib = self._by_oid.get(_plain(oid), (oid, None, None))
        if trap is None or mib is None:
            told = [(each, convert.text(value)) for each, value in varbinds[:MAX_SHOWN]]
            return Event(oid[:MAX_NAME], "", Health.WARNING, _line(oid[:MAX_NAME], told))
        said = _said(mib, varbinds)
        verdict = said.get(trap.by.object) if trap.by else None
        judged = trap.by.health(verdict) if trap.by and verdict else None
        line = _line(name, [(key, each.words) for key, each in said.items()])
        called = next((said[key].words for key in trap.named if key in said), "")
        return Event(name, _entity(trap, said)[:MAX_ENTITY], judged or trap.health, line, called[:MAX_ENTITY])

    def titled(self, text: str, lang: Literal["zh", "en"]) -> str:
        """Return an event's text with people's words before it: `端口中断 linkDown (ifIndex=3)`."""
        trap = self.traps.get(text.partition(" ")[0])
        if trap is None:
            return text
        return f"{trap.text.zh if lang == 'zh' else trap.text.en} {text}"


def _plain(oid: str) -> str:
    """Leave out the 0 that a trap of SNMPv1 has before its number when it comes as v2, and some MIBs have not."""
    arcs = oid.split(".")
    return ".".join(arcs[:-2] + arcs[-1:]) if len(arcs) > 2 and arcs[-2] == "0" else oid


def _name(mib: Mib, oid: str) -> str | None:
    return next((key for key, named in mib.objects.items() if f"{oid}.".startswith(f"{named.oid}.")), None)


def _said(mib: Mib, varbinds: Iterable[tuple[str, Value]]) -> dict[str, Said]:
    """Return what the objects say that the file names, the first of each."""
    found: dict[str, Said] = {}
    for oid, value in varbinds:
        key = _name(mib, oid)
        if key is not None and key not in found:
            named, raw = mib.objects[key], convert.text(value)
            index = oid[len(named.oid) + 1 :]
            found[key] = Said(raw, named.words.get(raw, raw), "" if index == "0" else index)
    return found


def _entity(trap: Trap, said: Mapping[str, Said]) -> str:
    """Return what a notification is of: by the value of an object, else by the index of one."""
    by_value = next((said[key].words for key in trap.entity if key in said and said[key].words), "")
    return by_value or (said[trap.index_of].instance if trap.index_of and trap.index_of in said else "")


def _line(name: str, said: Sequence[tuple[str, str]]) -> str:
    shown = ", ".join(f"{key}={value[:MAX_VALUE]}" for key, value in said[:MAX_SHOWN])
    return (f"{name} ({shown})" if shown else name)[:MAX_TEXT]


def load(folder: Path = FOLDER) -> Meanings:
    """Read every file of the folder. Raises YamlError with all that is wrong, a name or an OID given twice too."""
    found, problems = read_folders((folder,), "MIB files", lambda path: fitted(Mib, yamlfile.read(path)))
    mibs = list(found.values())
    for what in ([name for mib in mibs for name in mib.traps], [_plain(t.oid) for m in mibs for t in m.traps.values()]):
        problems += [Problem(str(folder), 0, each, "is given twice") for each in {w for w in what if what.count(w) > 1}]
    refuse(problems)
    return Meanings(mibs)


@cache
def builtin() -> Meanings:
    """Return what the program itself knows."""
    return load()

"""The smallest parts of a profile file: OIDs, known names, titles, whole command lines, a configuration's commands."""

from typing import Annotated

from pydantic import AfterValidator

from collectors import configs
from collectors.vocabulary import FACTS, VOCABULARY
from collectors.yamlform import Strict


def _oid(text: str) -> str:
    arcs = text.strip(".").split(".")
    if len(arcs) < 2 or not all(a.isdigit() for a in arcs):
        raise ValueError(f"{text!r} is not a numeric OID (right form: 1.3.6.1.2.1.1.3.0)")
    return ".".join(arcs)


def _known_sample(name: str) -> str:
    if name not in VOCABULARY:
        raise ValueError(f"{name!r} is not a sample name of collectors/vocabulary.py")
    return name


def _known_fact(name: str) -> str:
    if name not in FACTS:
        raise ValueError(f"{name!r} is not a fact of collectors/vocabulary.py ({', '.join(sorted(FACTS))})")
    return name


def _known_syntax(name: str) -> str:
    if name not in configs.names():
        raise ValueError(f"{name!r} is not a syntax of collectors/configs ({', '.join(sorted(configs.names()))})")
    return name


def _whole_line(command: str) -> str:
    if any(c in command for c in "\n\r;|&?\t") or command != command.strip():
        raise ValueError("must be one whole command line without ; | & ? or control characters")
    return command


Oid = Annotated[str, AfterValidator(_oid)]
SampleName = Annotated[str, AfterValidator(_known_sample)]
FactName = Annotated[str, AfterValidator(_known_fact)]
SyntaxName = Annotated[str, AfterValidator(_known_syntax)]
CommandLine = Annotated[str, AfterValidator(_whole_line)]


class Config(Strict):
    """The command lines that print the configuration, part of the allow-list, and how it is written.

    They are run in inspections and by `netpatrol config backup` only.
    """

    running: CommandLine
    startup: CommandLine | None = None  # families that save by themselves have none
    syntax: SyntaxName  # a file of collectors/configs


class Title(Strict):
    """A text in both languages."""

    zh: str
    en: str


class Probe(Strict):
    """An object by which a device shows what it is when sysObjectID and sysDescr do not say."""

    OID: Oid  # a whole instance, that only such devices have
    match: str | None = None  # regex its text must match; else any text will do


class IndexSlice(Strict):
    """Arcs `start` to `end` of the row index, both counted from 0 and inclusive (Datadog's index_transform)."""

    start: int
    end: int


class Table(Strict):
    """An SNMP table by its OID; for people, and for community tools. Only the columns named are read."""

    OID: Oid
    name: str


class Later(Strict):
    """Makes a moment (TimeTicks) 1 when it is later than that of `column`, else 0: changed, and not saved since.

    `clock` is sysUpTime: a moment after it is from before a wrap (497 days) and tells nothing. Within `settle` seconds
    of the start it was the device that loaded its configuration.
    """

    column: str
    clock: str
    settle: float = 600.0

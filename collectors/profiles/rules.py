"""The form of a profile file: how to recognise one vendor OS, and which samples its objects and commands become.

Fields follow the profile format that Datadog, Netdata and Kentik share (`extends`, `sysobjectid`, `metadata`,
`metrics` with `symbol` or `table` + `symbols` + `metric_tags`); `sample`, `scale`, `states`, `skip`, `where`, `limit`,
`cli`, `nut` … are ours. Whatever is read (a table row, a scalar, a parsed CLI row, NUT variables) becomes one `row` of
columns first, so that SNMP, CLI and NUT share one set of conversions.
"""

import time
from string import Formatter
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from collectors.model import DeviceClass, Health
from collectors.profiles.reading import Reading
from collectors.profiles.words import (
    CommandLine,
    Config,
    FactName,
    IndexSlice,
    Later,
    Oid,
    Probe,
    SampleName,
    Table,
    Title,
)
from collectors.vocabulary import KINDS, VOCABULARY
from collectors.yamlform import Strict


class State(Strict):
    """What one raw value of a state object means. `skip` drops the row: an empty slot is not a fault."""

    text: str
    health: Health | Literal["skip"]


def _state(value: object) -> object:
    """Read the short form `HEALTH TEXT` (`critical failed`, `skip notPresent`)."""
    if isinstance(value, str):
        health, _, text = value.partition(" ")
        return {"health": health, "text": text or health}
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Column(Strict):
    """One column of the row: an SNMP object (`OID`) or a field of a parsed CLI row (`field`). Read, not emitted."""

    OID: Oid | None = None
    name: str = ""  # the MIB's name; how other rules of the metric refer to it (default: the field)
    field: str | None = None
    extract_value: str | None = None  # regex; group 1 is taken. No match: no value
    unsigned: bool = False  # a negative 32-bit integer is one that ran over: hrStorageSize above 2^31 blocks
    hex: bool = False  # octets as 800007db…: an engine id, not text
    reading: Reading | None = None  # octets and pattern of a community profile

    @model_validator(mode="after")
    def _one_source(self) -> "Column":
        if (self.OID is None) == (self.field is None):
            raise ValueError("needs either OID or field")
        return self

    @property
    def key(self) -> str:
        return self.name or self.field or self.OID or ""


class RowColumn(Column):
    """A column beside the symbols. One of another table is read by `index_transform`, a part of the row's index.

    With `index` in place of OID it is no object but that arc of the row's index, counted from 1.
    """

    index: int | None = None
    index_transform: list[IndexSlice] = []

    @model_validator(mode="after")
    def _one_source(self) -> "RowColumn":
        if sum(source is not None for source in (self.OID, self.field, self.index)) != 1:
            raise ValueError("needs one of OID, field, index")
        return self


class Limit(Strict):
    """Makes the value a `device_limit` of `sample`, in that sample's unit, for the same entity."""

    sample: SampleName
    level: Literal["warning", "critical"]
    direction: Literal["above", "below"]


class Symbol(Column):
    """A column that becomes a sample (or a device's own limit). Conversions run in the order the fields stand here."""

    sample: SampleName | None = None
    limit: Limit | None = None
    labels: dict[str, str] = {}  # fixed labels
    where: dict[str, list[str]] = {}  # other column → raw values for which this row counts
    skip: list[str] = []  # raw values that mean "none": 65535, -1, 2147483647 …
    present: bool = False  # any text is 1: a neighbour, a line of a log
    states: dict[str, Annotated[State, Field(strict=False)]] | None = None  # raw → HEALTH TEXT, for *_state samples
    enum: dict[str, float] | None = None  # raw → number; a raw value not listed is no value
    later_than: Later | None = None
    date: Annotated[list[str], BeforeValidator(_listed)] = []  # forms of a date (strptime): its seconds since 1970
    plus: list[str] = []  # columns added (raw units): total = used + free
    minus: list[str] = []  # columns taken off: used = total - free
    times: list[str] = []  # columns multiplied in: blocks x block size
    per: Annotated[list[str], BeforeValidator(_listed)] = []  # column divided by, or the sum of several: used / total
    si_scale: str | None = None  # ENTITY-SENSOR-MIB entPhySensorScale column (9 = units, 8 = milli …)
    precision: str | None = None  # ENTITY-SENSOR-MIB entPhySensorPrecision column
    scale: float = 1.0
    offset: float = 0.0
    to_dbm: bool = False  # the scaled value is in milliwatts; no light (0 and below) is no value
    min: float | None = None  # after scaling; outside is no value (-273 °C is no probe)
    max: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        if "sample" not in data and "limit" not in data and data.get("name") in VOCABULARY:
            data = {**data, "sample": data["name"]}  # ifHCInOctets is named as in its MIB
        if isinstance(data.get("states"), dict):
            return {**data, "states": {k: _state(v) for k, v in data["states"].items()}}
        return data

    @model_validator(mode="after")
    def _complete(self) -> "Symbol":
        if self.sample is not None and self.limit is not None:
            raise ValueError("has both sample and limit: give one")
        is_state = self.sample in VOCABULARY and self.sample.endswith("_state")
        if is_state != (self.states is not None):
            raise ValueError("states: and a *_state sample belong together")
        if is_state and self.labels.get("kind") not in KINDS:
            raise ValueError(f"a *_state sample needs labels: {{kind: …}} of {', '.join(sorted(KINDS))}")
        return self

    @field_validator("date")
    @classmethod
    def _dates(cls, forms: list[str]) -> list[str]:
        for form in forms:
            time.strptime(time.strftime(form, time.gmtime(0)), form)
        return forms

    @property
    def computed(self) -> bool:
        """Whether the figure is made of several objects, and so is no single object's value."""
        return bool(self.plus or self.minus or self.per or self.later_than)


class Tag(Strict):
    """A label from a column, from one arc of the index (`index`, counted from 1), or fixed (`value`).

    A column of another table is joined by the same index; by part of it (`index_transform`); or by a pointer
    (`via`: a column of this metric whose value is the other table's index). The first tag of a name with text wins:
    later ones with the same name are fall-backs.
    """

    tag: str
    symbol: Column | None = None
    column: str | None = None  # a column already named in this metric
    index: int | None = None
    value: str | None = None
    index_transform: list[IndexSlice] = []
    via: str | None = None
    mapping: dict[str, str] = {}  # raw → text
    format: str = "{}"  # {} or {0}: the text; {1} {2} …: arcs of the row's index; {name}: another column

    @model_validator(mode="after")
    def _one_source(self) -> "Tag":
        if sum(x is not None for x in (self.symbol, self.column, self.index, self.value)) > 1:
            raise ValueError("needs one of symbol, column, index, value (none: the whole index)")
        return self

    @property
    def named(self) -> list[str]:
        """The other columns its format names. Raises ValueError for a format that is none."""
        names = (name for _, name, _, _ in Formatter().parse(self.format) if name is not None)
        return [name for name in names if name and not name.isdigit()]


class Metric(Strict):
    """One scalar (`symbol`, its OID complete with `.0`), or the rows of a table (`table`, `symbols`)."""

    MIB: str = ""
    table: Table | None = None
    symbol: Symbol | None = None
    symbols: list[Symbol] = []
    columns: list[RowColumn] = []  # read for where, minus, times, per, column tags; not emitted
    metric_tags: list[Tag] = []
    where: dict[str, list[str]] = {}  # column → raw values: rows that count
    where_not: dict[str, list[str]] = {}
    rows: str | None = None  # column that says how many rows are in use: those of a higher index do not count
    fallback: bool | Literal["whole"] = False  # only where no earlier metric gave the series, or (whole) any like it

    @property
    def all_symbols(self) -> list[Symbol]:
        return self.symbols if self.symbol is None else [self.symbol, *self.symbols]


class FieldSource(Strict):
    """Where a fact comes from: the first of `symbols` with text, else `value`, else `fallback`.

    OIDs are whole instances (`.0`, or a row of a table). With a `mapping`, only texts it lists count. Extending a
    profile appends its sources as fall-backs.
    """

    value: str | None = None
    symbol: Column | None = None
    symbols: list[Column] = []
    format: str | None = None  # puts the texts of all symbols together, "{0}.{1}"; nothing where one is missing
    mapping: dict[str, str] = {}  # raw → text
    fallback: "FieldSource | None" = None

    @property
    def all_symbols(self) -> list[Column]:
        return self.symbols if self.symbol is None else [self.symbol, *self.symbols]


class TableFact(Strict):
    """A fact gathered over a table's rows: joined by ", " (the serials of a stack), or the `first` of them."""

    fact: FactName
    symbol: Column
    columns: list[Column] = []
    where: dict[str, list[str]] = {}
    first: bool = False


class Metadata(Strict):
    """Facts. `device.fields` as in the shared format; `tables` is ours."""

    class Device(Strict):
        fields: dict[FactName, FieldSource] = {}

    device: Device = Device()
    tables: list[TableFact] = []


class Command(Strict):
    """One whole command line of the allow-list and how its output is read: an ntc-templates platform, or a regex.

    Each TextFSM row, or each match of the regex (named groups), is one row; its keys are `field`s.
    """

    command: CommandLine
    template: str | None = None  # ntc-templates platform: huawei_vrp, cisco_ios …
    regex: str | None = None
    facts: dict[FactName, str] = {}  # fact → field of the first row that has it
    symbols: list[Symbol] = []
    metric_tags: list[Tag] = []
    where: dict[str, list[str]] = {}
    where_not: dict[str, list[str]] = {}
    filldown: list[str] = []  # groups of the regex that hold for the matches below, until they match again: Slot 1:
    beside: str | None = None  # regex of lines that may stand between the matches; any other is told as not understood
    add_up: bool = False  # rows of the same series are summed (a table by slot), else the same row twice counts once
    optional: bool = False  # the device may not know the command: then nothing is missing
    without_snmp: bool = False  # only for a device that is not read over SNMP too, which tells the same at less cost
    fallback: bool | Literal["whole"] = False  # as of a metric

    @model_validator(mode="after")
    def _one_parser(self) -> "Command":
        if (self.template is None) == (self.regex is None):
            raise ValueError("needs either template or regex")
        if self.regex is None and (self.filldown or self.beside):
            raise ValueError("filldown and beside belong to a regex")
        return self


class Cli(Strict):
    """The command line over SSH. `lines` is the allow-list: nothing else is ever sent."""

    device_type: str  # netmiko's: huawei, hp_comware, cisco_ios, linux
    setup: list[str] = []  # lines netmiko sends to prepare the session (pager off, width); nothing else is let through
    commands: list[Command] = []
    config: Config | None = None

    @property
    def lines(self) -> frozenset[str]:
        """All command lines that may be sent."""
        config = (self.config.running, self.config.startup) if self.config else ()
        return frozenset({*(command.command for command in self.commands), *(line for line in config if line)})


def _field(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


class NutRows(Strict):
    """Rows of a UPS's NUT variables; their names are the `field`s of each. Without `each` and `of` it is one row."""

    each: str | None = None  # regex names begin with: a row for each text of its group; what follows is a field
    of: str | None = None  # variable whose text is taken apart: a row for each match of `words`, as the field `word`
    words: str = r"\S+"
    columns: list[Column] = []
    symbols: list[Symbol] = []
    metric_tags: list[Tag] = []
    where: dict[str, list[str]] = {}
    where_not: dict[str, list[str]] = {}
    add_up: bool = False  # rows of the same series are summed
    fallback: bool | Literal["whole"] = False  # as of a metric
    optional: bool = False  # the UPS may not have it: then nothing is missing


class Nut(Strict):
    """What the variables of Network UPS Tools (RFC 9271, nut-names.txt) become. A fact is the first with text."""

    facts: dict[FactName, list[Annotated[Column, BeforeValidator(_field)]]] = {}
    rows: list[NutRows] = []


class Profile(Strict):
    """One vendor OS. `name` is the file's name; `_parts` are only extended."""

    name: str
    title: Title | None = None
    extends: list[str] = []
    rebase: dict[
        Oid, Oid
    ] = {}  # subtree of inherited objects → where this family has it: one maker's MIB under another's
    sysobjectid: list[str] = []  # exact, or a prefix ending in .*
    sysdescr: str | None = None  # regex the sysDescr must match too, if given; without sysobjectid it alone
    probe: list[Probe] = []  # one that is answered will do. Asked when the others leave it open
    shared_agent: bool = False  # its sysobjectid is of an agent that many makers build in: leaves it open
    classes: list[DeviceClass] = []  # usual classes, for `discover` and `init`; empty: any
    metadata: Metadata = Metadata()
    metrics: list[Metric] = []
    cli: Cli | None = None
    nut: Nut | None = None

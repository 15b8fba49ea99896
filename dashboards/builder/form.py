"""The form of a dashboard's table of panels (source/*.yaml), and of the words they share (source/words.yaml)."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = ("zh", "en")
SOURCE = Path(__file__).parent.parent / "source"
WORDS = "words.yaml"

Colour = Literal["green", "yellow", "orange", "red", "blue", "purple", "text"]
Link = Literal["site", "device", "interfaces", "own_interfaces", "tickets", "ticket", "report"]
Kind = Literal["row", "stat", "timeseries", "timeline", "bargauge", "table"]
VariableName = Literal["customer", "site", "class", "device", "interface", "job", "instance"]


class Strict(BaseModel):
    """What is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(Strict):
    """A text in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


class Meant(Both):
    """What a value means, and its colour."""

    color: Colour | None = None


class Look(Strict):
    """How figures are shown. `steps` and `map` name entries of words.yaml."""

    unit: str = ""  # Grafana's: percentunit, bps, celsius, volt, s, …
    decimals: int | None = None
    min: float | None = None
    max: float | None = None
    steps: str = ""
    map: str = ""
    link: Link | tuple[Link, ...] = ()  # all but own_interfaces lead to what the cell names


class Query(Strict):
    """One PromQL query. <scope>, <site>, <agent> and <lang> in it are filled in; `legend` may be in both languages."""

    expr: str
    legend: Both | str = ""


class Column(Look):
    """One column of a table: a label of the queries, or the value of a query of its own."""

    title: Both
    label: str = ""
    expr: str = ""
    width: int | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Column":
        if bool(self.label) == bool(self.expr):
            raise ValueError(f"column {self.title.en!r} needs label or expr, and not both")
        return self


class Panel(Look):
    """One panel. Panels flow from left to right on a grid 24 wide; a row begins a new line."""

    kind: Kind
    title: Both
    help: Both | None = None
    w: Annotated[int, Field(ge=2, le=24)] = 12
    h: Annotated[int, Field(ge=1, le=30)] = 8
    expr: str = ""  # short for one query without a legend
    queries: list[Query] = []
    columns: list[Column] = []
    sort: list[str] = []  # English titles of the columns to sort by; a leading minus: greatest first
    names: str = ""  # entry of `maps` with what the legends are called, where a legend is one label's value
    stack: bool = False
    empty: Both | None = None  # why there may be no series though all is well

    @property
    def asked(self) -> list[Query]:
        """Its queries, columns' too, in the order of their refIds."""
        if self.columns:
            return [Query(expr=column.expr) for column in self.columns if column.expr]
        return [Query(expr=self.expr)] if self.expr else self.queries

    @model_validator(mode="after")
    def _asks_what_its_kind_shows(self) -> "Panel":
        if (self.kind == "row") == bool(self.asked):
            raise ValueError(f"panel {self.title.en!r}: a row asks nothing, every other panel something")
        if (self.kind == "table") != bool(self.columns):
            raise ValueError(f"panel {self.title.en!r}: columns are for tables, and every table has them")
        for by in {by.removeprefix("-") for by in self.sort}.difference(column.title.en for column in self.columns):
            raise ValueError(f"panel {self.title.en!r} is sorted by {by!r}, which is none of its columns")
        return self


class Board(Strict):
    """One dashboard. `name` is its file's."""

    name: str
    title: Both
    about: Both
    variables: list[VariableName]
    single: list[VariableName] = []  # of which one value is chosen
    classes: list[str] = []  # device classes that `class` offers; empty: all
    refresh: str = "1m"
    since: str = "now-6h"
    panels: list[Panel]


class Words(Strict):
    """What panels share."""

    steps: dict[str, dict[str, Colour]]  # name → {base: colour, "0.9": colour from that value on}
    maps: dict[str, dict[str, Meant]]  # name → value → meaning
    variables: dict[VariableName, Both]
    links: dict[Link, Both]


def boards() -> list[Board]:
    """Read every table of panels."""
    return [Board(name=path.stem, **_read(path)) for path in sorted(SOURCE.glob("*.yaml")) if path.name != WORDS]


def words() -> Words:
    """Read the shared words."""
    return Words(**_read(SOURCE / WORDS))


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded

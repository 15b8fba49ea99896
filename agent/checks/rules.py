"""The form of a check file: a named limit on a sample, what it means and what to do about it."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from agent.model import Severity, Text
from collectors.model import DeviceClass
from collectors.yamlform import Strict

Cadence = Literal["continuous", "monthly", "quarterly", "half-yearly", "yearly"]
CADENCES: tuple[Cadence, ...] = ("continuous", "monthly", "quarterly", "half-yearly", "yearly")
CatalogueId = Annotated[str, Field(pattern=r"^[A-Z]+-\d\d$")]
Unit = Literal[
    "ratio", "celsius", "seconds", "duration", "volts", "amperes", "watts", "hertz", "rpm", "dbm", "bytes", "count", ""
]
FaultLevel = Annotated[int, Field(ge=1, le=4)]
Number = Annotated[float, Field(allow_inf_nan=False)]


def _both_languages(value: object) -> object:
    if isinstance(value, dict) and (set(value) != {"zh", "en"} or not all(value.values())):
        raise ValueError("needs a text in zh and one in en, and nothing else (right form: {zh: 温度, en: Temperature})")
    return value


BothTexts = Annotated[Text, BeforeValidator(_both_languages)]


class Named(Strict):
    """What a file of a folder is: its name is the file's."""

    name: str


class Bounds(Strict):
    """Values at which a severity begins, in the sample's base unit (inclusive)."""

    warning: Number | None = None
    critical: Number | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Bounds":
        if self.warning is None and self.critical is None:
            raise ValueError("needs warning, critical or both")
        return self


class Limit(Strict):
    """How a value is judged. `above` and `below` may both stand; `states` judges the `health` label; `values` lists."""

    above: Bounds | None = None
    below: Bounds | None = None
    states: bool = False
    warning_states: list[str] = []  # texts of the `state` label that are this severity, whatever their health
    critical_states: list[str] = []
    warning_values: list[Number] = []
    critical_values: list[Number] = []

    @model_validator(mode="after")
    def _in_order(self) -> "Limit":
        for bounds, sign in ((self.above or Bounds(warning=0), 1), (self.below or Bounds(warning=0), -1)):
            warning, critical = bounds.warning, bounds.critical
            if warning is not None and critical is not None and sign * critical < sign * warning:
                raise ValueError("critical must lie beyond warning, or be the same")
        return self

    @property
    def empty(self) -> bool:
        lists = self.warning_values or self.critical_values
        return not (self.above or self.below or lists or self.by_state)

    @property
    def by_state(self) -> bool:
        return bool(self.states or self.warning_states or self.critical_states)


class Levels(Strict):
    """The contract's fault level (1 一级, worst, to 4) a ticket gets, by severity."""

    warning: FaultLevel = 4
    critical: FaultLevel = 3


class Check(Named):
    """One check. `name` is the file's name; `id` its number in the catalogue (NET-04)."""

    id: CatalogueId
    also: list[CatalogueId] = []  # further numbers that it answers
    title: BothTexts
    classes: list[DeviceClass] = []  # empty: every class
    sample: str  # of collectors/vocabulary.py, or derived (agent/derive)
    where: dict[str, list[str]] = {}  # label → values: series that are judged
    where_not: dict[str, list[str]] = {}
    object: list[str] = []  # labels that name the object, first one with text wins; empty: the device
    qualify: list[str] = []  # labels added to the object, as there is one for each: direction
    limit: Limit = Limit()
    device_limit: bool = False  # a `device_limit` of this sample and entity goes before `limit`
    ports_need_own_limit: bool = False  # a transceiver (its entity is a port) is held against its own limits only
    margin: Annotated[float, Field(ge=0)] = 0.0  # of a device that has a critical limit only: warn so much before it
    clear: Annotated[float, Field(ge=0, lt=1)] = 0.0  # hysteresis: share of the limit to come back by before it clears
    polls: Annotated[int, Field(ge=1)] = Field(1, alias="for")  # consecutive polls before it is raised
    required: bool = False  # a device whose profile can produce the sample must have it: none at all is UNKNOWN
    may_vanish: bool = False  # objects come and go by themselves (mounts, virtual ports): gone is news only once raised
    words: dict[str, BothTexts] = {}  # value → what it means to people: {"0": {zh: 无应答, en: no answer}}
    unit: Unit = ""
    fault_level: Levels = Levels()
    ticket: bool = True  # false: a finding for the report only
    cadence: Annotated[list[Cadence], Field(min_length=1)] = [*CADENCES]
    security_risk: bool = False  # 安全隐患
    source: str  # where the limit comes from: "中文 / English"
    cause: BothTexts
    advice: BothTexts

    def __hash__(self) -> int:
        return hash(self.name)  # what follows from a check alone is kept by it

    @model_validator(mode="after")
    def _has_a_limit(self) -> "Check":
        if self.limit.empty and not self.device_limit:
            raise ValueError(
                "limit needs above, below, states, warning_values or critical_values (or device_limit: true)"
            )
        return self

    def level(self, severity: Severity) -> int:
        """Return the fault level of a ticket for this severity."""
        return self.fault_level.critical if severity is Severity.CRITICAL else self.fault_level.warning


class Rules(dict[str, Check]):
    """Checks by name, sorted for look-up; not changed once made. Each poll asks, and looks at few of them."""

    __slots__ = ("by_sample", "order", "required")

    def __init__(self, checks: Mapping[str, Check]) -> None:
        super().__init__(checks)
        self.order = tuple(sorted(self))
        self.required = frozenset(name for name, check in self.items() if check.required)
        self.by_sample: dict[str, frozenset[str]] = {}
        for name, check in self.items():
            self.by_sample[check.sample] = self.by_sample.get(check.sample, frozenset()) | {name}

    @classmethod
    def of(cls, checks: Mapping[str, Check]) -> "Rules":
        """Return checks in this form."""
        return checks if isinstance(checks, cls) else cls(checks)

    def concerned(self, samples: Collection[str], known: Collection[str]) -> set[str]:
        """Return the checks of some samples, those known, and those that are required."""
        names = set(self.required).union(*(self.by_sample[sample] for sample in self.by_sample.keys() & samples))
        return names.union(name for name in known if name in self)

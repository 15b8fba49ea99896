"""The form of a check file: a named limit on a sample, what it means and what to do about it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.model import Severity, Text
from collectors.model import DeviceClass

Cadence = Literal["continuous", "monthly", "quarterly", "half-yearly", "yearly"]
Unit = Literal[
    "ratio", "celsius", "seconds", "duration", "volts", "amperes", "watts", "hertz", "rpm", "dbm", "bytes", "count", ""
]
FaultLevel = Annotated[int, Field(ge=1, le=4)]


class Strict(BaseModel):
    """Immutable, and refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(Strict):
    """Values at which a severity begins, in the sample's base unit (inclusive)."""

    warning: float | None = None
    critical: float | None = None


class Limit(Strict):
    """How a value is judged. `above` and `below` may both stand; `states` judges the `health` label; `values` lists."""

    above: Bounds | None = None
    below: Bounds | None = None
    states: bool = False
    warning_values: list[float] = []
    critical_values: list[float] = []

    @model_validator(mode="after")
    def _says_something(self) -> "Limit":
        if not (self.above or self.below or self.states or self.warning_values or self.critical_values):
            raise ValueError("needs above, below, states, warning_values or critical_values")
        return self


class Levels(Strict):
    """The contract's fault level (1 一级, worst, to 4) a ticket gets, by severity."""

    warning: FaultLevel = 4
    critical: FaultLevel = 3


class Check(Strict):
    """One check. `name` is the file's name; `id` its number in the catalogue (NET-04)."""

    name: str
    id: str
    title: Text
    classes: list[DeviceClass] = []  # empty: every class
    sample: str  # of collectors/vocabulary.py, or derived (agent/derive.py)
    where: dict[str, list[str]] = {}  # label → values: series that are judged
    where_not: dict[str, list[str]] = {}
    object: list[str] = []  # labels that name the object, first one with text wins; empty: the device
    limit: Limit
    device_limit: bool = False  # a `device_limit` of this sample and entity goes before `limit`
    clear: float = 0.0  # hysteresis: how far below (above) the limit, as a share of it, before it clears
    polls: Annotated[int, Field(ge=1)] = Field(1, alias="for")  # consecutive polls before it is raised
    required: bool = False  # a device whose profile can produce the sample must have it: none at all is UNKNOWN
    unit: Unit = ""
    fault_level: Levels = Levels()
    cadence: list[Cadence] = ["continuous", "monthly", "quarterly"]
    security_risk: bool = False  # 安全隐患
    source: str  # where the limit comes from
    cause: Text
    advice: Text

    def level(self, severity: Severity) -> int:
        """Return the fault level of a ticket for this severity."""
        return self.fault_level.critical if severity is Severity.CRITICAL else self.fault_level.warning

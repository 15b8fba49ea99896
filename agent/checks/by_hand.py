"""What no machine reads: the form of a manual item (agent/checks/manual/*.yaml), and how its answer is judged. Pure."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from agent.checks import loading
from agent.checks.rules import CADENCES, BothTexts, Bounds, Cadence, CatalogueId, Levels, Named
from agent.model import ManualAnswer, Severity
from collectors.model import DeviceClass
from collectors.yamlform import Strict

FOLDER = loading.BUILTIN / "manual"


class Range(Strict):
    """Where a figure that a person measured is no longer right, in the unit the item says."""

    above: Bounds | None = None
    below: Bounds | None = None


class ManualItem(Named):
    """One item a person looks at, on a site or at each device of some classes, and answers in a file."""

    manual: Annotated[Literal[True], BeforeValidator(lambda value: value in (True, "true"))]
    id: CatalogueId
    also: tuple[CatalogueId, ...] = ()  # further numbers that it answers
    title: BothTexts
    of: Literal["device", "site"]
    classes: tuple[DeviceClass, ...] = ()  # of devices; empty: every class
    how: BothTexts  # what to do, and what to write down
    limit: Range = Range()
    value: BothTexts | None = None  # the unit of the figure; None: there is none to write down
    fault_level: Levels = Levels()
    cadence: Annotated[tuple[Cadence, ...], Field(min_length=1)] = CADENCES[1:]
    security_risk: bool = False  # 安全隐患
    source: str
    cause: BothTexts
    advice: BothTexts

    @model_validator(mode="after")
    def _fits(self) -> "ManualItem":
        if self.classes and self.of == "site":
            raise ValueError("classes are of devices, and this is of the site")
        if (self.limit.above or self.limit.below) and self.value is None:
            raise ValueError("limit needs value: the unit of the figure that is written down")
        if "continuous" in self.cadence:
            raise ValueError("cadence: nobody does this continuously")
        return self

    def severity(self, answer: ManualAnswer | None) -> Severity:
        """Judge an answer: by its figure and limits, else by what the person says. UNKNOWN: not answered."""
        if answer is None or (answer.ok is None and answer.value is None):
            return Severity.UNKNOWN
        said = Severity.WARNING if answer.ok is False else Severity.OK
        if answer.value is None:
            return said
        found = (_judged(self.limit.above, answer.value, 1), _judged(self.limit.below, answer.value, -1))
        return max(said, *found, key=lambda severity: severity.rank)


def _judged(bounds: Bounds | None, value: float, sign: int) -> Severity:
    for severity in (Severity.CRITICAL, Severity.WARNING):
        limit = None if bounds is None else bounds.critical if severity is Severity.CRITICAL else bounds.warning
        if limit is not None and sign * value >= sign * limit:
            return severity
    return Severity.OK


def load(folder: Path = FOLDER) -> dict[str, ManualItem]:
    """Load every `<name>.yaml` of the folder, by name. Raises YamlError with all problems of all files."""
    return loading.load_forms(ManualItem, (folder,), lambda item: ())

"""The catalogue's numbers: which of them a check or a person answers, and which nobody does yet, and why. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.checks.by_hand import ManualItem
from agent.checks.rules import BothTexts, CatalogueId, Check
from agent.model import Text
from collectors import yamlfile
from collectors.yamlform import Strict

FILE = Path(__file__).parent / "data" / "catalogue.yaml"


class Catalogue(Strict):
    """How many numbers each group has, which are security risks, and why some are not answered.

    One of those may have a check: it waits for something that reads what it judges.
    """

    numbers: Mapping[str, int]
    titles: Mapping[str, BothTexts]
    security_risks: tuple[CatalogueId, ...]
    without: Mapping[CatalogueId, BothTexts]

    @property
    def all(self) -> tuple[str, ...]:
        """Every number, group by group."""
        return tuple(f"{group}-{n:02d}" for group, count in self.numbers.items() for n in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Covered:
    """The numbers of a group, each in one of the three, in order."""

    title: Text
    by_machine: tuple[str, ...]
    by_hand: tuple[str, ...]  # alone: some of the others have a manual item too
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        return len(self.by_machine) + len(self.by_hand) + len(self.missing)


def load(file: Path = FILE) -> Catalogue:
    """Read the catalogue."""
    return Catalogue.model_validate(yamlfile.read(file).data)


def covered(catalogue: Catalogue, checks: Mapping[str, Check], items: Mapping[str, ManualItem]) -> dict[str, Covered]:
    """Sort the catalogue's numbers by who answers them, group by group."""
    machine, person = (_answered(each.values()) - catalogue.without.keys() for each in (checks, items))
    found: dict[str, Covered] = {}
    for group, title in catalogue.titles.items():
        of = [number for number in catalogue.all if number.startswith(f"{group}-")]
        found[group] = Covered(
            title,
            tuple(n for n in of if n in machine),
            tuple(n for n in of if n in person - machine),
            tuple(n for n in of if n not in machine | person),
        )
    return found


def _answered(by: Iterable[Check | ManualItem]) -> set[str]:
    return {number for each in by for number in (each.id, *each.also)}

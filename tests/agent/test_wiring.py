"""The composition root opens the store as the inventory says, in a folder of its owner's."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import wiring
from agent.configs.files import make_private
from agent.model import Inventory
from agent.store import Known, Outcome
from tests.agent.stored import new_store


@pytest.mark.parametrize(("zone", "day"), [("Asia/Shanghai", 23), ("America/New_York", 22)])
def test_a_ticket_number_bears_the_day_of_the_inventory_s_time_zone(tmp_path: Path, zone: str, day: int) -> None:
    numbers: list[str] = []

    def decide(known: Known) -> Outcome:
        numbers.append(known.new_number())
        return Outcome()

    new_store(tmp_path / wiring.STORE).close()
    store, _ = wiring.open_store(tmp_path, Inventory(entries={}, timezone=zone), {})
    with store:
        store.record((), {}, decide, now=datetime(2026, 11, 22, 20, tzinfo=UTC))
    assert numbers == [f"T-202611{day}-0001"]


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_a_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "var" / "data"
    wiring.open_store(data, Inventory(entries={}), {})[0].close()
    assert modes(data.parent, data) == [0o700, 0o700]


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize(
    ("there", "after"),
    [("", [0o700, 0o700]), ("var", [0o755, 0o700]), ("var/data", [0o755, 0o755])],
    ids=["none", "the one above", "both"],
)
def test_only_folders_that_are_missing_are_made_private(tmp_path: Path, there: str, after: list[int]) -> None:
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    data = tmp_path / "var" / "data"
    make_private(data)
    assert modes(data.parent, data) == after


def modes(*folders: Path) -> list[int]:
    return [stat.S_IMODE(folder.stat().st_mode) for folder in folders]

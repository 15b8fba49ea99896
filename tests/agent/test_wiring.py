"""The composition root opens the store as the inventory says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import wiring
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

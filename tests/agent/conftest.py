"""Fixtures that several test modules of the agent ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import Store
from tests.agent.stored import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store in which nothing is yet."""
    with new_store(tmp_path / "netpatrol.db") as opened:
        yield opened

"""Which event loop a test module runs on: its `LOOP`, if it names one."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

ENGINES = ("own", "pysnmp")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give pytest-asyncio the loop of a test."""
    module = item.getparent(pytest.Module)
    return {"loop": getattr(module and module.obj, "LOOP", asyncio.new_event_loop)}


@pytest.fixture(params=ENGINES)
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test once on each SNMP engine: its module's ENGINE."""
    monkeypatch.setattr(request.module, "ENGINE", request.param)
    return str(request.param)

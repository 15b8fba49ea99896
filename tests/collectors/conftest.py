"""Which event loop a test module runs on: its `LOOP`, if it names one."""

import asyncio
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

import pytest

from collectors import snmp_engine
from tests.simulator import near

ENGINES = ("own", "pysnmp")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give pytest-asyncio the loop of a test."""
    module = item.getparent(pytest.Module)
    return {"loop": getattr(module and module.obj, "LOOP", asyncio.new_event_loop)}


@pytest.fixture(params=ENGINES)
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test once on each SNMP engine, which knows no device yet."""
    monkeypatch.setattr(near, "ENGINE", request.param)
    monkeypatch.setattr(snmp_engine, "_ENGINES", WeakKeyDictionary())  # ports come back, and are other devices then
    return str(request.param)

"""Which event loop a test module runs on: its `LOOP`, if it names one. Fixtures that several of them ask for."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest

from collectors import snmp_engine
from tests.simulator import near
from tests.simulator.logins import Site

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


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A device over SSH whose prompt is waited for shorter than real ones need."""
    monkeypatch.setattr("collectors.ssh_wire.SETTLE", 0.02)
    return Site(tmp_path)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A TCP port of this machine that refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and not listening
        yield held.getsockname()[1]

"""Garbage in circles is looked for a little at a time while devices are polled, and not by Python itself."""

import asyncio
import gc
import weakref

import pytest

from agent import garbage


class Circle:
    """Refers to itself: nothing but a look finds that it is garbage."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
async def looking(monkeypatch):
    monkeypatch.setattr(garbage, "PAUSE", 0.0)
    task = asyncio.create_task(garbage.look_on())
    await asyncio.sleep(0)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_python_looks_by_itself_again_when_polling_has_ended(looking):
    assert not gc.isenabled()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert gc.isenabled()


async def test_what_is_garbage_goes(looking):
    gone = asyncio.Event()
    weakref.finalize(Circle(), gone.set)
    async with asyncio.timeout(30):
        await gone.wait()


async def test_what_outlived_a_look_goes_when_everything_is_looked_at(monkeypatch, looking):
    old, gone = Circle(), asyncio.Event()
    gc.collect(0)
    weakref.finalize(old, gone.set)
    del old
    monkeypatch.setattr(garbage, "ALL", 3)
    async with asyncio.timeout(30):
        await gone.wait()

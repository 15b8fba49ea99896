"""Waits in the running loop for what other tasks and threads do."""

import asyncio
from collections.abc import Callable


async def until(done: Callable[[], object], seconds: float = 20.0) -> None:
    """Return once `done()` is true. Raises TimeoutError when it does not come true in time."""
    async with asyncio.timeout(seconds):
        for _ in iter(lambda: not done(), False):
            await asyncio.sleep(0.002)

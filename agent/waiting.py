"""Waits for an event, but not for ever."""

import asyncio


async def came(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so long at most; say whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False

"""Looks for garbage in circles (gc) a little at a time, for as long as devices are polled.

Python by itself looks when many more objects came than went. A fleet's figures come and go at the same rate, so it
looks seldom, and then through all that is new since: at 5,000 devices for a second, in which no answer is read.
"""

import asyncio
import gc
from itertools import count

PAUSE = 0.5  # seconds between two looks at what is new: with 83 polls a second each takes some milliseconds
ALL = 7200  # looks between two at everything: an hour; at 5,000 devices it takes a second or two


async def look_on() -> None:
    """Look until cancelled, in place of Python."""
    gc.disable()
    try:
        for look in count(1):
            await asyncio.sleep(PAUSE)
            gc.collect(0 if look % ALL else 2)
    finally:
        gc.enable()

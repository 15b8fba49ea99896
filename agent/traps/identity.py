"""Our own SNMPv3 engine, which informs are addressed to: its ID is kept, its boots count the starts (RFC 3414, 2.2)."""

import json
import logging
import os
import secrets
from pathlib import Path

from collectors.traps.usm import Engine

log = logging.getLogger(__name__)

FILE = "traps-engine.json"
PREFIX = bytes.fromhex("80004fb805")  # RFC 3411 SnmpEngineID: the enterprise of pysnmp, then octets of our own
MAX_BOOTS = 2**31 - 2  # the next number means that the engine must not be used any more


def take_up(folder: Path, started: float) -> Engine:
    """Return the engine of a data folder, started once more. Raises OSError if that cannot be written down."""
    path = folder / FILE
    known, boots = _read(path)
    if not known or boots >= MAX_BOOTS:
        known, boots = PREFIX + secrets.token_bytes(8), 0
    _write(path, known, boots + 1)
    return Engine(known, boots + 1, started)


def _read(path: Path) -> tuple[bytes, int]:
    """Read the file; a damaged one is as none: senders find out the new ID by themselves."""
    try:
        held = json.loads(path.read_text("utf-8"))
        known, boots = bytes.fromhex(held["engine_id"]), held["boots"]
        if 5 <= len(known) <= 32 and type(boots) is int and boots >= 0:
            return known, boots
    except FileNotFoundError:
        return b"", 0
    except (ValueError, KeyError, TypeError):
        pass
    log.warning("traps: %s is damaged; our SNMPv3 engine gets a new ID", path)
    return b"", 0


def _write(path: Path, known: bytes, boots: int) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump({"engine_id": known.hex(), "boots": boots}, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

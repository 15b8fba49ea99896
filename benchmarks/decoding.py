"""CPU of loading the profiles, matching a device, and decoding one reading of every recorded case."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from collectors import profiles, replay, snmp_decode
from collectors.model import Rows
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Profile

DEVICES = Path(__file__).parent.parent / "tests" / "devices"
REPEATS = 5

Row = tuple[str, ...]


def cpu(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median CPU seconds of a call."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return median(spent)


def measure() -> list[Row]:
    """Return a row for loading and matching, and one a case: samples, CPU a reading, CPU a sample."""
    known = profiles.load()
    rows: list[Row] = [
        (f"load {len(known)} profiles", "", f"{cpu(profiles.load) * 1e3:.1f} ms", ""),
        ("match one device", "", f"{cpu(lambda: _match_all(known)) / len(known) * 1e6:.1f} us", ""),
        ("case", "samples", "reading", "sample"),
    ]
    for profile, case, said in _cases(known):
        samples = len(snmp_decode.decode(profile, said).samples)
        spent = cpu(lambda profile=profile, said=said: snmp_decode.decode(profile, said))  # type: ignore[misc]
        each = f"{spent / samples * 1e6:.0f} us" if samples else ""
        rows.append((f"{profile.name}/{case.name}", str(samples), f"{spent * 1e3:.2f} ms", each))
    return rows


def _match_all(known: ProfileSet) -> None:
    for profile in known.values():
        for prefix in profile.sysobjectid[:1]:
            known.match(prefix.replace("*", "1"), "")


def _cases(known: ProfileSet) -> Iterator[tuple[Profile, Path, Rows]]:
    for walk in sorted(DEVICES.glob("*/*/walk.snmprec")):
        yield known[walk.parent.parent.name], walk.parent, _rows(walk)


def _rows(walk: Path) -> Rows:
    """Return a recording's objects as if each were read alone: the decoder takes what its profile names."""
    rows: Rows = {}
    for oid, value in replay.read_walk(walk).values.items():
        arcs = oid.split(".")
        for cut in range(1, len(arcs)):
            rows.setdefault(".".join(arcs[:cut]), {})[".".join(arcs[cut:])] = value
    return rows

"""Play a recorded walk (.snmprec), command output and NUT variables behind the collectors' own Protocols.

A line of a walk is `OID|TAG|VALUE`: TAG is the ASN.1 tag in decimal (2 Integer32, 4 OCTET STRING, 5 Null, 6 OID,
64 IpAddress, 65 Counter32, 66 Gauge32, 67 TimeTicks, 68 Opaque, 70 Counter64), with `x` behind it for a value in hex
and `e` for one with backslash escapes.
"""

import math
import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from collectors.errors import BadData, Unsupported
from collectors.model import Rows, Value, Walk
from collectors.oid_text import rows_of
from collectors.snmp_decode import ReadPlan

WALK, VARIABLES = "walk.snmprec", "variables.dev"
"""What a recording is called in the folder of its case."""

MAX_BYTES = 64_000_000
MAX_LINE = 65_536
MAX_ARCS = 128  # RFC 2578, 3.5
GET_OIDS = 25  # OIDs a request, as a real engine would ask
WALK_ROWS = 20  # rows a GETBULK

_INTEGERS = {"2", "65", "66", "67", "70"}
_OPAQUE_FLOAT = b"\x9f\x78\x04"
_OPAQUE_DOUBLE = b"\x9f\x79\x08"
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}

Arcs = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a device once answered, in the order of OIDs; `skipped` lines could not be read."""

    values: Mapping[str, Value] = field(default_factory=dict)
    order: tuple[tuple[Arcs, str], ...] = ()
    skipped: int = 0

    def below(self, column: str) -> Iterator[tuple[str, Value]]:
        """Yield index and value of every instance under an OID, in order."""
        prefix = _arcs(column)
        low = bisect_right(self.order, prefix, key=lambda entry: entry[0])
        high = bisect_left(self.order, (*prefix, math.inf), key=lambda entry: entry[0])
        for _, oid in self.order[low:high]:
            yield oid[len(column) + 1 :], self.values[oid]


def recording(values: Mapping[str, Value], skipped: int = 0) -> Recording:
    """Put values into a Recording."""
    return Recording(dict(values), tuple(sorted((_arcs(oid), oid) for oid in values)), skipped)


def read_walk(path: Path) -> Recording:
    """Read a .snmprec file; broken lines are skipped and counted. Raises BadData when it is too large to be one."""
    if path.stat().st_size > MAX_BYTES:
        raise BadData(f"{path}: a recorded walk has at most {MAX_BYTES // 1_000_000} MB")
    values: dict[str, Value] = {}
    skipped = 0
    for line in path.read_bytes().split(b"\n"):
        if not line.strip() or line.startswith(b"#"):
            continue
        try:
            oid, value = _line(line.rstrip(b"\r"))
        except ValueError:
            skipped += 1
        else:
            values[oid] = value
    return recording(values, skipped)


def _line(line: bytes) -> tuple[str, Value]:
    oid, tag, value = line.split(b"|", 2)
    if len(line) > MAX_LINE:
        raise ValueError("too long")
    arcs = _arcs(oid.decode("ascii").strip().lstrip("."))
    kind = tag.decode("ascii").strip()
    if kind.endswith("x"):
        return _dotted(arcs), _typed(kind[:-1], bytes.fromhex(value.decode("ascii")), in_hex=True)
    if kind.endswith("e"):
        return _dotted(arcs), _typed(kind[:-1], _ESCAPE.sub(_unescaped, value), in_hex=False)
    return _dotted(arcs), _typed(kind, value, in_hex=False)


def _typed(kind: str, value: bytes, *, in_hex: bool) -> Value:
    if kind in _INTEGERS:
        if len(value) > 21:
            raise ValueError("too long for an integer")
        return int.from_bytes(value, "big", signed=kind == "2") if in_hex else int(value)
    match kind:
        case "4":
            return value
        case "5":
            return None
        case "6":
            return _dotted(_arcs(value.decode("ascii").strip().lstrip(".")))
        case "64":
            return str(IPv4Address(value if in_hex else value.decode("ascii").strip()))
        case "68":
            return _opaque(value)
    raise ValueError(f"unknown tag {kind!r}")


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return (
        bytes.fromhex(code[1:].decode("ascii"))
        if code.startswith(b"x") and len(code) == 3
        else _ESCAPED.get(code, code)
    )


def _opaque(value: bytes) -> Value:
    """net-snmp wraps floats in an Opaque (NET-SNMP-TC Float and Double)."""
    for mark, form in ((_OPAQUE_FLOAT, ">f"), (_OPAQUE_DOUBLE, ">d")):
        if value.startswith(mark) and len(value) == len(mark) + struct.calcsize(form):
            return float(struct.unpack(form, value[len(mark) :])[0])
    return value


def _arcs(oid: str) -> Arcs:
    arcs = oid.split(".")
    if len(arcs) > MAX_ARCS or not all(arc.isascii() and arc.isdigit() and len(arc) < 11 for arc in arcs):
        raise ValueError(f"{oid[:80]!r} is not an OID")
    return tuple(map(int, arcs))


def _dotted(arcs: Arcs) -> str:
    return ".".join(map(str, arcs))


class ReplayTransport:
    """Answers get and walk from a recording."""

    def __init__(self, source: Recording) -> None:
        self.requests = 0
        self._source = source

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        self.requests += math.ceil(len(oids) / GET_OIDS)
        return {oid: self._source.values.get(oid) for oid in oids}

    async def walk(self, columns: Sequence[str], *, rows: int | None = None) -> Walk:
        found: Rows = {column: dict(self._source.below(column)) for column in columns}
        longest = max(map(len, found.values()), default=0)
        self.requests += longest // WALK_ROWS + 1
        return Walk(found)

    async def close(self) -> None:
        """Do nothing: there is no connection."""


async def rows(source: Recording, plan: ReadPlan) -> Rows:
    """Return what a recorded device answers to all that a profile asks of it."""
    transport = ReplayTransport(source)
    found = rows_of(await transport.get(plan.scalars))
    for columns in plan.tables:
        for column, values in (await transport.walk(columns)).rows.items():
            found.setdefault(column, {}).update(values)
    return found


def read_transcripts(folder: Path) -> dict[str, str]:
    """Read `<command>.txt` files into command → text. A `/` of the command is `_` in the file's name."""
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))}


def read_variables(path: Path) -> dict[str, str]:
    """Read a file of NUT variables, `name: text` a line, as `upsc UPS@HOST` prints them. Raises BadData, as a walk."""
    if path.stat().st_size > MAX_BYTES:
        raise BadData(f"{path}: recorded variables have at most {MAX_BYTES // 1_000_000} MB")
    lines = (line.partition(":") for line in path.read_text("utf-8", errors="replace").splitlines())
    return {name.strip(): text.strip() for name, colon, text in lines if colon and not name.startswith("#")}


class ReplaySession:
    """Answers commands from recorded output."""

    def __init__(self, transcripts: Mapping[str, str]) -> None:
        self._sent: list[str] = []
        self.sent: Sequence[str] = self._sent
        self._transcripts = transcripts

    def run(self, command: str) -> str:
        self._sent.append(command)
        for name in (command, command.replace("/", "_")):
            if name in self._transcripts:
                return self._transcripts[name]
        raise Unsupported(f"{command!r} was not recorded (recorded: {', '.join(self._transcripts) or 'nothing'})")

    def close(self) -> None:
        """Do nothing: there is no connection."""

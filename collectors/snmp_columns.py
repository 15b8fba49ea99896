"""Columns under way in a walk, and the quick reading of their rows out of an answer's octets. No IO.

An answer is split at the octets of the table's entry, in C. Each piece must then be exactly one variable binding by its
own lengths, and what is not is left to the full reader.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import cycle
from struct import Struct
from typing import Any

from collectors import ber
from collectors.ber import Indexes, Oid
from collectors.errors import BadData
from collectors.model import Value
from collectors.snmp_message import END_OF_MIB, READERS

_HEAD = 4  # octets before a name: the tags and lengths of the binding and of the name
_NO_HEAD = bytes(_HEAD)
_SHORT = 0x80  # what takes one octet: an arc, a length
_PLAIN = [0] * 256
"""By tag: numbers of fewer octets than this, the first bit of which is zero, are what they say."""
_PLAIN[0x02] = _PLAIN[0x46] = 9
_PLAIN[0x41] = _PLAIN[0x42] = _PLAIN[0x43] = _PLAIN[0x47] = 5

_HIGH = b"\x80"  # above all octets that begin with a zero bit
_number = int.from_bytes


_Form = Callable[[bytes], tuple[int, bytes, int, int, bytes, int]]


class _Forms(dict[int, _Form]):
    """By a piece's size, where its value begins being given: its arc, index, tag, length, octets, next name's size."""

    def __init__(self, at: int) -> None:
        self._at = at

    def __missing__(self, size: int) -> _Form:
        room = size - self._at - 2 - _HEAD
        if not 0 <= room < _SHORT:
            raise LookupError
        found: Callable[[bytes], Any] = Struct(f"B{self._at - 1}sBB{room}s{_HEAD - 1}xB").unpack
        self[size] = found
        return found


_FORMS = {at: _Forms(at) for at in range(2, _SHORT)}
_NO_FORMS: dict[int, _Form] = {}


def _no_row(octets: bytes) -> Value:
    raise LookupError


_READERS = list(READERS)
_READERS[END_OF_MIB] = _no_row


@dataclass(slots=True)
class Column:
    """One column: its rows so far, and the index it has come to."""

    root: Oid
    name: str  # the root, dotted
    octets: bytes  # the root's
    parent: bytes  # the octets of the entry: of all but the last arc
    arc: int  # the last arc, if it takes one octet; 0 if not: what is not read quickly
    key: bytes = b""  # the index as octets; none before the first row
    rows: dict[str, Value] = field(default_factory=dict)
    done: bool = False

    @property
    def at(self) -> Oid:
        """The index it has come to."""
        return ber.sub_arcs(self.key) if self.key else ()

    @property
    def cursor(self) -> Oid:
        """The instance it has come to."""
        return self.root + self.at

    def back_to(self, rows: int) -> None:
        """Forget the rows after the first so many."""
        while len(self.rows) > rows:
            self.rows.popitem()
        last = next(reversed(self.rows), "")
        self.key = ber.sub_octets(map(int, last.split("."))) if last else b""
        self.done = False


def column(root: Oid) -> Column:
    """Begin a column."""
    return Column(root, *_forms_of(root))


@lru_cache(maxsize=16_384)  # profiles name the same ones for every device
def _forms_of(root: Oid) -> tuple[str, bytes, bytes, int]:
    octets = ber.object_octets(root)
    quick = len(root) > 2 and 0 < root[-1] < _SHORT
    return ber.dotted(root), octets, octets[:-1] if quick else octets, root[-1] if quick else 0


def read_rows(octets: bytes, asked: Sequence[Column], most: int, indexes: Indexes) -> tuple[int, int] | None:
    """Add the rows of an answer's variable bindings, given as their octets: at `most` so many of them.

    `asked` are columns of one entry, with an `arc`, and the bindings are theirs in turn. Return how many were read and
    where the next one begins, if the full reader has to go on there; None if there is no more to read.
    """
    parent = asked[0].parent
    first, *pieces = octets.split(parent)
    if len(first) != _HEAD or not pieces:
        return 0, 0
    pieces[-1] += _NO_HEAD
    left = iter(pieces[:most])
    try:
        if _add(left, asked, first[-1], indexes):
            return None
    except (LookupError, BadData):  # a piece that is too short, an index or a row that is none
        pass
    count = min(most, len(pieces)) - len(list(left)) - 1
    return count, sum(map(len, pieces[:count])) + len(parent) * count


def _add(pieces: Iterable[bytes], asked: Sequence[Column], name: int, indexes: Indexes) -> bool:
    """Add pieces to their columns; the first one's `name` has so many octets. False at one that is not understood."""
    size, live = len(asked[0].parent), len(asked)
    forms, named = _NO_FORMS, 0  # for names of so many octets
    last = before = b""  # the index of the piece before, and where its column had been
    for piece, column in zip(pieces, cycle(asked), strict=False):
        if name != named:
            forms, named = _FORMS.get(name - size, _NO_FORMS), name
        arc, key, kind, length, raw, name = forms[len(piece)](piece)
        if length != len(raw):
            return False
        if arc != column.arc or column.done:
            live -= not column.done
            column.done = True
            if not live:
                return True
            continue
        if key != last:
            text, index = indexes[key]
            last = key
            before = b""
        if column.key is not before:
            before = column.key
            if index <= indexes[before][1]:
                return False
        if 0 < length < _PLAIN[kind] and raw < _HIGH:
            column.rows[text] = _number(raw)
        else:
            column.rows[text] = raw if kind == ber.OCTETS else _READERS[kind](raw)
        column.key = last
    return True

"""Columns under way in a walk, and the quick reading of their rows out of an answer's octets. No IO.

An answer is split at the octets of the table's entry, in C. Each piece must then be exactly one variable binding by its
own lengths, and what is not is left to the full reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

from collectors import ber
from collectors.ber import Indexes, Oid
from collectors.errors import BadData
from collectors.model import Value
from collectors.snmp_message import value

_TEXT = 0x04
_HEAD = 4  # octets before a name: the tags and lengths of the binding and of the name
_NO_HEAD = bytes(_HEAD)
_LIMITS = {0x02: 2**63, 0x41: 2**32, 0x42: 2**32, 0x43: 2**32, 0x46: 2**63, 0x47: 2**32}
"""Numbers by their tag: what begins with a zero bit and is less than this is the value as it stands."""


@dataclass(slots=True)
class Column:
    """One column: its rows so far, and the index it has come to."""

    root: Oid
    at: Oid = ()
    rows: dict[str, Value] = field(default_factory=dict)
    done: bool = False
    octets: bytes = b""  # the root's
    parent: bytes = b""  # the entry's
    arc: int = 0  # the root's last, if it is one octet; 0 if not: what is not read quickly

    @classmethod
    def of(cls, root: Oid) -> "Column":
        octets = ber.object_octets(root)
        quick = len(root) > 2 and 0 < root[-1] < 0x80
        return cls(root, octets=octets, parent=octets[:-1] if quick else octets, arc=root[-1] if quick else 0)

    @property
    def cursor(self) -> Oid:
        """The instance it has come to."""
        return self.root + self.at

    def back_to(self, rows: int) -> None:
        """Forget the rows after the first so many."""
        while len(self.rows) > rows:
            self.rows.popitem()
        last = next(reversed(self.rows), "")
        self.at = tuple(map(int, last.split("."))) if last else ()
        self.done = False


def read_rows(
    octets: bytes, start: int, end: int, asked: Sequence[Column], most: int, indexes: Indexes
) -> tuple[int, int]:
    """Add the rows of variable bindings, `start` and `end` being those of their list's content.

    Return how many bindings were read and where the next begins; `end` if no more are needed. `asked` are columns of one
    entry with arcs of one octet, and the bindings are theirs in turn, `most` of them.
    """
    pieces = octets[start:end].split(asked[0].parent)
    size = len(asked[0].parent)
    first = pieces[0]
    if len(first) != _HEAD or len(pieces) < 2:
        return 0, start
    pieces[-1] += _NO_HEAD
    name = first[3] - size  # octets of the arc and the index
    count, live = 0, len(asked)
    try:
        for piece, column in zip(islice(pieces, 1, most + 1), cycle(asked)):
            stop = name + 2 + piece[name + 1]
            if stop + _HEAD != len(piece) or name < 2 or stop - name > 0x81:
                break
            if not column.done:
                if piece[0] == column.arc:
                    text, index = indexes[piece[1:name]]
                    if index <= column.at:
                        break
                    kind, raw = piece[name], piece[name + 2 : stop]
                    column.at = index
                    if kind == _TEXT:
                        column.rows[text] = raw
                    elif (
                        kind in _LIMITS
                        and 2 < stop - name < 12
                        and raw[0] < 0x80
                        and (number := int.from_bytes(raw)) < _LIMITS[kind]
                    ):
                        column.rows[text] = number
                    else:
                        column.rows[text] = value(kind, raw)
                else:
                    column.done = True
                    live -= 1
                    if not live:
                        return count + 1, end
            count += 1
            name = piece[-1] - size
        else:
            return count, end
    except (IndexError, BadData):
        pass
    used = sum(map(len, pieces[1 : count + 1])) + size * count
    return count, start + used

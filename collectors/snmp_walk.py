"""Walk columns side by side: which request comes next, and what its answer adds. No IO.

Each column ends by itself, when it leaves its subtree or the device's MIB; a column the device gets wrong (an OID that
does not increase, an error of its own) is given up with its rows kept, and the others go on. Columns that are likely
empty are looked at together, whatever their tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from collectors.ber import Indexes, Oid, arcs, dotted, sub_octets
from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut
from collectors.model import Walk
from collectors.snmp_columns import Column, column, read_rows
from collectors.snmp_message import (
    END_OF_MIB,
    Answer,
    Binding,
    Pdu,
    Request,
    Status,
    VarBind,
    bindings,
    value,
)

MAX_ROWS = 100_000  # a column
MAX_GET = 20  # OIDs in one GET
MAX_WIDTH = 20  # columns side by side in one request
SMALL = 30  # variable bindings whose answer mostly fits one Ethernet frame: links that lose fragments pass it

_FOREIGN = VarBind((), None, end=True)  # what is of another column

ERRORS = (
    *("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength"),
    *("wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed"),
    *("undoFailed", "authorizationError", "notWritable", "inconsistentName"),
)  # by their numbers, RFC 3416, 3


@dataclass(frozen=True, slots=True)
class Caps:
    """Where a walk ends whatever the device still has to say; what came before is kept."""

    rows: int = MAX_ROWS  # of one column
    seconds: float = 60.0
    octets: int = 20_000_000
    all_octets: int = 60_000_000  # of all walks of one reading

    def over(self, seconds: float, octets: int, before: int) -> CollectError | None:
        """Return why a walk that took so long, and so much after so much in others before, ends now."""
        if seconds > self.seconds:
            return TimedOut(f"a walk of more than {self.seconds:g} s")
        if octets > self.octets:
            return BadData(f"a walk of more than {self.octets:,} octets")
        if before + octets > self.all_octets:
            return BadData(f"walks of more than {self.all_octets:,} octets together")
        return None


@dataclass(slots=True)
class Pace:
    """How much a device takes in one request: what one walk learns, the next one keeps."""

    bulk: bool
    repetitions: int
    width: int = MAX_WIDTH
    looked: int = SMALL  # columns looked at together, to see whether they are empty still
    scalars: int = MAX_GET
    bulk_works: bool = False  # it answered a GETBULK: an error to a later one is about a column


class ColumnWalk:
    """One walk. Ask `next_request`, give its answer to `take`, until there is none; then `result`.

    `rows`: how many a column is expected to have. Those are asked for first, with one more, which shows their end.
    """

    def __init__(self, columns: Sequence[Oid], pace: Pace, max_rows: int = MAX_ROWS, rows: int | None = None) -> None:
        self._columns = [column(root) for root in dict.fromkeys(columns)]
        self.asked: Sequence[Column] = ()
        self._pace = pace
        self.bulk = pace.bulk
        self._max_rows = max_rows
        self._most_rows = 0  # that a column can have by what was asked
        self._rows = rows
        self._expected = rows  # of the columns that are asked for
        self._looking = False  # for a first row of columns that are likely empty
        self.repetitions = 1  # rows that are asked for at once
        self._failure: CollectError | None = None

    def next_request(self) -> Request | None:
        """Return the request for the next rows; None when every column has ended."""
        if not self.ask():
            return None
        cursors = tuple(column.cursor for column in self.asked)
        return Request("bulk", cursors, self.repetitions) if self.bulk else Request("next", cursors)

    def ask(self) -> bool:
        """Choose the columns that are `asked` for next: of one entry, or any to look at. False when all have ended."""
        if self._looking or not self.asked or True in [each.done for each in self.asked]:
            left = [each for each in self._columns if not each.done]
            new = [each for each in left if not each.key] if self._rows == 0 else []
            self._looking = bool(new)
            same = new or [each for each in left if each.parent == left[0].parent]
            self.asked = same[: self._pace.looked if new else self._pace.width]
            self._expected = self._expected_of(same[0]) if same and not new else self._rows
        self.repetitions = self._repetitions()
        self._most_rows += self.repetitions
        return bool(self.asked)

    def _repetitions(self) -> int:
        if not self.bulk:
            return 1
        if self._expected is None or not self.asked:
            return self._pace.repetitions
        expected = self._expected + 1 - len(self.asked[-1].rows)
        return min(self._pace.repetitions, expected) if expected > 0 else self._pace.repetitions

    def _expected_of(self, column: Column) -> int | None:
        """Return how many rows a column likely has: as many as before, and as those of its table that have ended."""
        ended = [len(each.rows) for each in self._columns if each.done and each.parent == column.parent]
        return max(ended if self._rows is None else [*ended, self._rows], default=None)

    def take(self, answer: Answer) -> None:
        """Add an answer's rows, or make the next request such that the device can answer it."""
        if answer.status == Status.OK:
            self._add(answer.varbinds)
        elif answer.status == Status.TOO_BIG:
            self._ask_less()
        elif self.bulk:
            self.bulk = False  # refused: by GETNEXT one learns whether it was GETBULK, or which column
        else:
            self._end_refused(answer)

    def take_pdu(self, pdu: Pdu, indexes: Indexes) -> None:
        """Do as `take` does, quickly where the answer allows it. Raises BadData, having taken nothing."""
        if self._looking and pdu.status == Status.OK:
            self._add(self._own(bindings(pdu.octets, pdu.start, pdu.end)))
            return
        if pdu.status != Status.OK or not self.asked[0].arc or self._most_rows > self._max_rows:
            self.take(pdu.answer())
            return
        before = [len(each.rows) for each in self.asked]
        most = len(self.asked) * self.repetitions
        left = read_rows(pdu.octets[pdu.start : pdu.end], self.asked, most, indexes)
        if left is None:
            self._answered()
            return
        count, at = left
        try:
            rest = self._own(bindings(pdu.octets, pdu.start + at, pdu.end), count)
        except BadData:
            for each, rows in zip(self.asked, before, strict=True):
                each.back_to(rows)
            raise
        self._add(rest, count)

    def shrink(self) -> bool:
        """Ask for little from now on, after a timeout; False if that is no less than was asked for."""
        less = max(1, SMALL // max(1, len(self.asked)))
        if not self.bulk or less >= self.repetitions:
            return False
        self._pace.repetitions = less
        return True

    def stop(self, error: CollectError) -> None:
        """End the walk here. The first failure stands."""
        self._fail(self._columns, error)

    def result(self) -> Walk:
        return Walk({column.name: column.rows for column in self._columns}, self._failure)

    def _answered(self) -> None:
        self._pace.bulk_works |= self.bulk
        self._pace.bulk &= self._pace.bulk_works

    def _add(self, found: Sequence[VarBind], first: int = 0) -> None:
        """Add variable bindings, the first of which is so many-th of its answer."""
        if not found and not first:
            self._fail(self.asked, BadData("an answer without variable bindings"))
            return
        self._answered()
        most = len(self.asked) * self.repetitions
        for position, varbind in enumerate(found[: max(0, most - first)], first):
            column = self.asked[position % len(self.asked)]
            if not column.done:
                self._add_one(column, varbind)

    def _own(self, found: Iterable[Binding], first: int = 0) -> list[VarBind]:
        """Read variable bindings, the first of which is so many-th; what is of another column only to know that."""
        rows: list[VarBind] = []
        asked = islice(cycle(self.asked), first % len(self.asked), None)
        for (name, kind, raw), each in zip(found, asked, strict=False):
            foreign = kind == END_OF_MIB or not name.startswith(each.octets)
            rows.append(_FOREIGN if foreign else VarBind(arcs(name), value(kind, raw)))
        return rows

    def _add_one(self, column: Column, varbind: VarBind) -> None:
        size = len(column.root)
        index = varbind.oid[size:]
        if varbind.end or varbind.oid[:size] != column.root:
            column.done = True
        elif index <= column.at:
            words = f"{dotted(varbind.oid)} does not come after {dotted(column.cursor)}: the device repeats itself"
            self._fail([column], BadData(words))
        elif len(column.rows) >= self._max_rows:
            self._fail([column], BadData(f"{column.name} has more than {self._max_rows:,} rows"))
        else:
            column.key = sub_octets(index)
            column.rows[dotted(index)] = varbind.value

    def _ask_less(self) -> None:
        pace = self._pace
        half = len(self.asked) // 2
        if self.bulk and self.repetitions > 1:
            pace.repetitions = self.repetitions // 2
        elif half and self._looking:
            pace.looked = half
        elif half:
            pace.width = half
            self.asked = ()
        else:
            self._fail(self.asked, Refused(f"answers tooBig to a request for one OID, {self.asked[0].name}"))

    def _end_refused(self, answer: Answer) -> None:
        """End the column an error is about; all that were asked for when it says none, which noSuchName may not."""
        named = 1 <= answer.index <= len(self.asked)
        if answer.status == Status.NO_SUCH_NAME and not named and len(self.asked) > 1:
            self._ask_less()  # one has ended, and the others must not end with it as if they were whole
            return
        columns = [self.asked[answer.index - 1]] if named else self.asked
        if answer.status == Status.NO_SUCH_NAME:
            for column in columns:  # v1's way to say that the MIB ends
                column.done = True
        else:
            self._fail(columns, refusal(answer.status, columns[0].root))
            self.bulk = self._pace.bulk

    def _fail(self, columns: Iterable[Column], error: CollectError) -> None:
        self._failure = self._failure or error
        for each in columns:
            each.done = True


def refusal(status: int, oid: Oid) -> CollectError:
    """Return the error for an error-status (RFC 3416, 3)."""
    word = ERRORS[status] if 0 <= status < len(ERRORS) else f"error-status {status}"
    words = f"answers {word} for {dotted(oid)}"
    return AuthFailed(words) if status == Status.AUTHORIZATION_ERROR else Refused(words)

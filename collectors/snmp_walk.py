"""Walk columns side by side: which request comes next, and what its answer adds. No IO.

Each column ends by itself, when it leaves its subtree or the device's MIB; a column the device gets wrong (an OID that
does not increase, an error of its own) is given up with its rows kept, and the others go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pysnmp.proto import rfc1905

from collectors.errors import AuthFailed, BadData, CollectError, Refused
from collectors.model import Value, Walk
from collectors.snmp_message import Answer, Oid, Request, Status, VarBind, dotted

MAX_ROWS = 100_000  # a column
MAX_WIDTH = 20  # columns side by side in one request
SMALL = 30  # variable bindings whose answer mostly fits one Ethernet frame: links that lose fragments pass it


@dataclass(slots=True)
class Pace:
    """How much a device takes in one request: what one walk learns, the next one keeps."""

    bulk: bool
    repetitions: int
    width: int = MAX_WIDTH
    bulk_works: bool = False  # it answered a GETBULK: an error to a later one is about a column


@dataclass(slots=True)
class _Column:
    root: Oid
    cursor: Oid
    rows: dict[str, Value] = field(default_factory=dict)
    done: bool = False


class ColumnWalk:
    """One walk. Ask `next_request`, give its answer to `take`, until there is none; then `result`."""

    def __init__(self, columns: Sequence[Oid], pace: Pace, max_rows: int = MAX_ROWS) -> None:
        self._columns = [_Column(root, root) for root in dict.fromkeys(columns)]
        self._asked: list[_Column] = []
        self._pace = pace
        self._bulk = pace.bulk
        self._max_rows = max_rows
        self._failure: CollectError | None = None

    def next_request(self) -> Request | None:
        """Return the request for the next rows; None when every column has ended."""
        self._asked = [column for column in self._columns if not column.done][: self._pace.width]
        if not self._asked:
            return None
        cursors = tuple(column.cursor for column in self._asked)
        return Request("bulk", cursors, self._pace.repetitions) if self._bulk else Request("next", cursors)

    def take(self, answer: Answer) -> None:
        """Add an answer's rows, or make the next request such that the device can answer it."""
        if answer.status == Status.OK:
            self._add(answer.varbinds)
        elif answer.status == Status.TOO_BIG:
            self._ask_less()
        elif self._bulk:
            self._bulk = False  # refused: by GETNEXT one learns whether it was GETBULK, or which column
        else:
            self._end_refused(answer)

    def shrink(self) -> bool:
        """Ask for little from now on, after a timeout; False if that is no less than was asked for."""
        less = max(1, SMALL // max(1, len(self._asked)))
        if not self._bulk or less >= self._pace.repetitions:
            return False
        self._pace.repetitions = less
        return True

    def stop(self, error: CollectError) -> None:
        """End the walk here. The first failure stands."""
        self._fail(self._columns, error)

    def result(self) -> Walk:
        return Walk({dotted(column.root): column.rows for column in self._columns}, self._failure)

    def _add(self, varbinds: Sequence[VarBind]) -> None:
        if not varbinds:
            self._fail(self._asked, BadData("an answer without variable bindings"))
            return
        self._pace.bulk_works |= self._bulk
        self._pace.bulk &= self._pace.bulk_works
        most = len(self._asked) * (self._pace.repetitions if self._bulk else 1)
        for position, varbind in enumerate(varbinds[:most]):
            column = self._asked[position % len(self._asked)]
            if not column.done:
                self._add_one(column, varbind)

    def _add_one(self, column: _Column, varbind: VarBind) -> None:
        size = len(column.root)
        if varbind.end or varbind.oid[:size] != column.root:
            column.done = True
        elif varbind.oid <= column.cursor:
            words = f"{dotted(varbind.oid)} does not come after {dotted(column.cursor)}: the device repeats itself"
            self._fail([column], BadData(words))
        elif len(column.rows) >= self._max_rows:
            self._fail([column], BadData(f"{dotted(column.root)} has more than {self._max_rows:,} rows"))
        else:
            column.cursor = varbind.oid
            column.rows[dotted(varbind.oid[size:])] = varbind.value

    def _ask_less(self) -> None:
        pace = self._pace
        if self._bulk and pace.repetitions > 1:
            pace.repetitions //= 2
        elif len(self._asked) > 1:
            pace.width = len(self._asked) // 2
        else:
            self._fail(self._asked, Refused(f"answers tooBig to a request for one OID, {dotted(self._asked[0].root)}"))

    def _end_refused(self, answer: Answer) -> None:
        """End the column an error is about; all that were asked for when it says none."""
        named = 1 <= answer.index <= len(self._asked)
        columns = [self._asked[answer.index - 1]] if named else self._asked
        if answer.status == Status.NO_SUCH_NAME:
            for column in columns:  # v1's way to say that the MIB ends
                column.done = True
        else:
            self._fail(columns, refusal(answer, columns[0].root))
            self._bulk = self._pace.bulk

    def _fail(self, columns: Iterable[_Column], error: CollectError) -> None:
        self._failure = self._failure or error
        for column in columns:
            column.done = True


def refusal(answer: Answer, oid: Oid) -> CollectError:
    """Return the error for an error-status (RFC 3416, 3)."""
    words = f"answers {rfc1905.errorStatus.clone(answer.status).prettyPrint()} for {dotted(oid)}"
    return AuthFailed(words) if answer.status == Status.AUTHORIZATION_ERROR else Refused(words)

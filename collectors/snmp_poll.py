"""One get or walk of the own engine: a state machine that answers and time-outs drive. No IO.

Its steps are those of PysnmpTransport: each request has 1 + retries tries, and a try lasts for the time-out whatever
comes in its place. What comes there is kept as the blame, should nothing better come.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from collectors.ber import Indexes, arcs, dotted, object_octets
from collectors.errors import BadData, CollectError, TimedOut
from collectors.model import Value, Walk
from collectors.snmp_message import MAX_AGAIN, Again, Binding, Ignored, Pdu, Status, bindings, parsed, value
from collectors.snmp_walk import MAX_GET, Caps, ColumnWalk, Pace, refusal
from collectors.snmp_wire import GET, GET_BULK, GET_NEXT, Encoded, Messages, encoded, names_of

ENVELOPE = 1_024  # octets that a buffer needs for any answer, however short


class Job(Protocol):
    """What is asked for: the requests it takes, one after another, and what came of them."""

    def next(self) -> Encoded | None:
        """Return the next request; None when there is no more to ask."""
        ...

    def take(self, pdu: Pdu, octets: int) -> None:
        """Add what a Response of so many octets says. Raises BadData, having taken nothing."""
        ...

    def fail(self, error: CollectError, *, heard: bool) -> None:
        """Go on without an answer. `heard`: the device did answer before."""
        ...


@lru_cache(maxsize=4_096)  # profiles ask the same of every device
def _get(oids: tuple[str, ...]) -> tuple[Encoded, list[bytes]]:
    """Encode a GET; return it, and the names that its answer has to repeat."""
    names = [object_octets(parsed(oid)) for oid in oids]
    return encoded(GET, names_of(names)), names


def _check(oids: Sequence[str]) -> None:
    """Raise ProfileError for what is no OID."""
    for at in range(0, len(oids), MAX_GET):
        _get(tuple(oids[at : at + MAX_GET]))


class GetJob:
    """Some scalars, as many at once as the device takes."""

    __slots__ = ("_asked", "_left", "_pace", "failure", "values")

    def __init__(self, oids: Sequence[str], pace: Pace) -> None:
        self._left = list(dict.fromkeys(oids))
        self._asked: tuple[str, ...] = ()
        self._pace = pace
        self.values: dict[str, Value] = {}
        self.failure: CollectError | None = None
        _check(self._left)

    def next(self) -> Encoded | None:
        if self.failure is not None or not self._left:
            return None
        self._asked = tuple(self._left[: self._pace.scalars])
        return _get(self._asked)[0]

    def take(self, pdu: Pdu, octets: int) -> None:
        found = list(bindings(pdu.octets, pdu.start, pdu.end))
        asked = self._asked
        named = 1 <= pdu.about <= len(asked)
        about = asked[pdu.about - 1 if named else 0]
        if pdu.status == Status.OK:
            self._settle(found)
        elif pdu.status == Status.NO_SUCH_NAME and (named or len(asked) == 1):
            self._left.remove(about)
        elif pdu.status == Status.TOO_BIG and len(asked) > 1:
            self._pace.scalars = len(asked) // 2
        else:
            self.failure = refusal(pdu.status, parsed(about))

    def _settle(self, found: Sequence[Binding]) -> None:
        asked = self._asked
        if [name for name, _, _ in found] != _get(asked)[1]:
            names = [arcs(name) for name, _, _ in found]
            if names != [parsed(oid) for oid in asked]:
                got = ", ".join(map(dotted, names[:3])) or "nothing"
                self.failure = BadData(f"asked for {len(asked)} OIDs from {asked[0]} on, and answered with {got}")
                return
        self.values.update(zip(asked, [value(kind, octets) for _, kind, octets in found], strict=True))
        del self._left[: len(asked)]

    def fail(self, error: CollectError, *, heard: bool) -> None:
        self.failure = error

    def result(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Return each OID's value; None where the device has none."""
        return {oid: self.values.get(oid) for oid in oids}


class WalkJob:
    """Some columns, by ColumnWalk."""

    __slots__ = ("_before", "_caps", "_clock", "_indexes", "_most", "_since", "_until", "_walk", "octets")

    def __init__(
        self,
        columns: Sequence[str],
        pace: Pace,
        caps: Caps,
        clock: Callable[[], float],
        indexes: Indexes,
        *,
        rows: int | None = None,
        before: int = 0,
    ) -> None:
        """`before`: octets that other walks of the reading took."""
        self._walk = ColumnWalk([parsed(column) for column in columns], pace, caps.rows, rows)
        self._caps = caps
        self._clock = clock
        self._since = clock()
        self._until = self._since + caps.seconds
        self.octets = 0
        self._before = before
        self._most = min(caps.octets, caps.all_octets - before)
        self._indexes = indexes

    def next(self) -> Encoded | None:
        walk = self._walk
        if not walk.ask():
            return None
        names = names_of([column.octets + column.key for column in walk.asked])
        return encoded(GET_BULK, names, walk.repetitions) if walk.bulk else encoded(GET_NEXT, names)

    def take(self, pdu: Pdu, octets: int) -> None:
        self._walk.take_pdu(pdu, self._indexes)
        self.octets += octets
        if self.octets > self._most or self._clock() > self._until:
            self._check()

    def fail(self, error: CollectError, *, heard: bool) -> None:
        if not (type(error) is TimedOut and heard and self._walk.shrink()):
            self._walk.stop(error)
        self._check()

    def _check(self) -> None:
        error = self._caps.over(self._clock() - self._since, self.octets, self._before)
        if error is not None:
            self._walk.stop(error)

    def result(self) -> Walk:
        """Return the rows, and why they end early if they do."""
        return self._walk.result()


class Line(Protocol):
    """The way to one device: what a poll sends through, and what is known of the device."""

    timeout: float
    retries: int
    wire: Messages
    heard: int

    def new_id(self) -> int:
        """Return an ID that no request under way has."""
        ...

    def send(self, poll: "Poll", datagram: bytes) -> None:
        """Send a message of a poll; call its `timed_out` unless it is settled in time, or `fail` if there is no way."""
        ...

    def settle(self, poll: "Poll") -> None:
        """Wait no longer for an answer to what a poll has sent."""
        ...

    def stray(self) -> CollectError | None:
        """Return what else came from the device's address since something was sent there."""
        ...


class Poll:
    """Drives one job on one line. `done` is set when there is no more to ask.

    A request keeps its `id` through its tries, so that a late answer to an earlier one still counts; a message that the
    device corrected is a new one. In SNMPv3 it is the message's ID too.
    """

    __slots__ = (
        "_again",
        "_job",
        "_line",
        "_refused",
        "_request",
        "_tries",
        "blame",
        "deadline",
        "done",
        "held",
        "id",
        "room",
    )

    def __init__(self, line: Line, job: Job, done: "asyncio.Future[None]") -> None:
        self._line = line
        self._job = job
        self._request = Encoded(GET, b"")
        self._tries = self._again = 0
        self.blame: CollectError | None = None
        self._refused: CollectError | None = None
        self.done = done
        self.deadline = 0.0
        self.id = 0
        self.room = 0  # octets of buffer that its answer may need
        self.held = 0  # of those that its line keeps for it

    def next(self) -> None:
        """Send the next request."""
        request = self._job.next()
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._request = request
        self.blame = self._refused = None
        self._tries = max(0, self._line.retries)
        self._again = MAX_AGAIN
        self.id = self._line.new_id()
        self.room = ENVELOPE + 2 * request.rows * len(request.tail)  # twice: the kernel counts its own part too
        self._send()

    def _send(self) -> None:
        self._again -= 1
        self._line.send(self, self._line.wire.seal(self._request, self.id))

    def received(self, datagram: bytes) -> bool:
        """Take a datagram from the device; say whether it is anything for this poll."""
        if self.done.done():
            return False
        try:
            reply = self._line.wire.open(datagram, self.id)
            if isinstance(reply, Pdu):
                self._job.take(reply, len(datagram))
        except BadData as error:
            reply = Ignored(error)
        except CollectError as error:
            self.fail(error)
            return True
        if isinstance(reply, Pdu):
            self._line.heard += 1
            self._line.settle(self)
            self.next()
        elif isinstance(reply, Again):
            self._send_again()
        elif reply.refused:
            self._refused = reply.blame
        else:
            self.blame = reply.blame
            return False
        return True

    def _send_again(self) -> None:
        self._line.settle(self)
        if not self._again:
            self.blame = BadData("corrects its SNMPv3 engine or clock without end")
            self._missed()
            return
        self.id = self._line.new_id()
        self._send()

    def timed_out(self) -> None:
        """Try again, or give the request up."""
        if self._refused is not None:
            self.fail(self._refused)
        elif self._line.wire.doubted():
            self._send_again()
        else:
            self.blame = self._line.stray() or self.blame
            self._missed()

    def _missed(self) -> None:
        if self._tries:
            self._tries -= 1
            self._again = MAX_AGAIN
            self.room = 0  # a device that is late takes nobody's place
            self._send()
            return
        error = self.blame or self._line.wire.silence()
        tries = 1 + max(0, self._line.retries)
        self.fail(type(error)(f"{error} [{tries} x {self._line.timeout:g} s]"))

    def fail(self, error: CollectError) -> None:
        """Give the request up, and go on with what the job asks for then."""
        if self.done.done():
            return
        self._line.settle(self)
        self._job.fail(error, heard=self._line.heard > 0)
        self.next()

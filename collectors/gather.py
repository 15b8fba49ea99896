"""Reads devices: one by all its protocols at once, many side by side. Whatever goes wrong stays with its device."""

import asyncio
import logging
import traceback
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from collectors import cli_parse, icmp, local, nut_decode, snmp_decode, tcp
from collectors.choice import Choice, choose, probes
from collectors.columns import Samples
from collectors.errors import BadData, CollectError, TimedOut
from collectors.icmp import IcmpCollector
from collectors.local import LocalCollector
from collectors.model import Collector, Cost, Device, Failure, Reading, Sample, Snapshot
from collectors.nut import NutCollector
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Profile
from collectors.series import unsaid
from collectors.snmp_collector import Identity, Probes, SnmpCollector
from collectors.ssh import OpenSsh, open_session
from collectors.ssh_collector import SshCollector
from collectors.tcp import TcpCollector

T = TypeVar("T")

_log = logging.getLogger(__name__)

DEADLINE = 120.0  # seconds a device may take
MAX_SESSIONS = 128  # SSH sessions at once, a thread each
GRACE = 1.0  # seconds a collector that was called off has to close its sockets

# the order is precedence: a fact or a series that two protocols bring is the first one's
COLLECTORS: dict[str, Callable[[], Collector]] = {
    "snmp": SnmpCollector,
    "ssh": SshCollector,
    "nut": NutCollector,
    "local": LocalCollector,
    "icmp": IcmpCollector,
}
# only run for who wants one of these samples
ON_DEMAND: dict[str, tuple[Callable[[], Collector], frozenset[str]]] = {"tcp": (TcpCollector, tcp.EXPECTED)}
# what each would have brought, for when it is not run or does not come back
EXPECTED: dict[str, Callable[[Profile], frozenset[str]]] = {
    "snmp": snmp_decode.expected,
    "ssh": lambda profile: cli_parse.expected(profile.cli) if profile.cli else frozenset(),
    "nut": lambda profile: nut_decode.expected(profile.nut) if profile.nut else frozenset(),
    "local": lambda _: local.EXPECTED,
    "icmp": lambda _: icmp.EXPECTED,
    "tcp": lambda _: tcp.PORTS,
}
MANAGEMENT = frozenset({"snmp", "ssh", "nut", "local"})
FREE = frozenset({"ssh", "nut"})  # may name a part otherwise than SNMP does
SILENT = frozenset({"unreachable", "timeout"})  # kinds of Failure that say the device did not answer

Readings = list[tuple[str, Reading]]
"""(protocol, what it brought), in the order of precedence."""


@runtime_checkable
class Identifies(Protocol):
    """A collector that can ask a device what it is, with one request, or two where the first leaves it open."""

    async def identify(self, device: Device, probes: Probes) -> Identity: ...


def build(wanted: Collection[str] = (), open_ssh: OpenSsh = open_session) -> dict[str, Collector]:
    """Return one collector of each protocol, those on demand only if one of their samples is wanted."""
    asked = {protocol: make for protocol, (make, brings) in ON_DEMAND.items() if not brings.isdisjoint(wanted)}
    return {protocol: make() for protocol, make in (COLLECTORS | asked).items()} | {"ssh": SshCollector(open_ssh)}


# ---- one device ----


async def gather(
    device: Device,
    *,
    profiles: ProfileSet,
    collectors: Mapping[str, Collector],
    now: Callable[[], datetime],
    known: str | None = None,
    deadline: float = DEADLINE,
) -> Snapshot:
    """Read one device. Never raises for the device's sake, nor for a collector's.

    `known` is the profile of the snapshot before: what is missing when the device cannot be asked. After `deadline`
    seconds a protocol still at work is called off; what the others brought is kept.

    1. Ask it over SNMP what it is; a device that does not answer that is not walked.
    2. Choose its profile.
    3. Run all collectors the inventory gives access for, at once.
    4. Put together what they brought.
    """
    taken_at = now()
    clock = asyncio.get_running_loop().time
    began = clock()
    wanted = {protocol: each for protocol, each in collectors.items() if each.wants(device)}
    identity = await _identify(device, wanted.get("snmp"), probes(device, profiles), deadline)
    choice = choose(device, identity, profiles, known)
    silent = identity is not None and identity.failure is not None and identity.failure.kind in SILENT | {"auth"}
    if silent:
        del wanted["snmp"]
    readings = await _read_all(device, choice, wanted, began + deadline - clock())
    if identity is not None:
        readings.append(("snmp", _identified(identity, _expected(choice, "snmp") if silent else frozenset())))
    if choice.failure is not None:
        readings.append(("profile", Reading(failures=(choice.failure,))))
    return _snapshot(device, taken_at, choice.name, readings, clock() - began)


def _expected(choice: Choice, protocol: str) -> frozenset[str]:
    """Return what a protocol would bring. Of a device never recognised, only what needs no profile."""
    if choice.name is None and protocol in {"snmp", "ssh"}:
        return frozenset()
    return EXPECTED[protocol](choice.profile) if protocol in EXPECTED else frozenset()


# ---- the edge: nothing that a device or a collector does gets past here ----


async def _identify(device: Device, collector: Collector | None, ask: Probes, seconds: float) -> Identity | None:
    if not isinstance(collector, Identifies):
        return None
    found = (await _within(device, {"snmp": collector.identify(device, ask)}, seconds))["snmp"]
    return Identity("", "", _shaped(device, "snmp", found), 0.0) if isinstance(found, BaseException) else found


async def _read_all(device: Device, choice: Choice, collectors: Mapping[str, Collector], seconds: float) -> Readings:
    works = {protocol: each.read(device, choice.profile) for protocol, each in collectors.items()}
    readings: Readings = []
    for protocol, found in (await _within(device, works, seconds)).items():
        if isinstance(found, BaseException):
            expected = _expected(choice, protocol)
            failure = Failure.of(protocol, "read", _shaped(device, protocol, found), expected)
            readings.append((protocol, Reading(failures=(failure,), expected=expected)))
        else:
            readings.append((protocol, found))
    return readings


async def _within(
    device: Device, works: Mapping[str, Coroutine[None, None, T]], seconds: float
) -> dict[str, T | BaseException]:
    """Run a work for each protocol, call off what is not done in time, and return what each returned or raised."""
    tasks = {name: asyncio.create_task(_caught(work)) for name, work in works.items()}
    late: list[asyncio.Task[T | BaseException]] = []
    try:
        if tasks:
            await asyncio.wait(tasks.values(), timeout=max(seconds, 0.0))
    finally:
        late += [task for task in tasks.values() if task.cancel()]
    if late:
        await asyncio.wait(late, timeout=GRACE)
    slow = {name: TimedOut(f"{device.name}: {name} was not done in the time a device has") for name in works}
    return {name: slow[name] if task in late else _result(task) for name, task in tasks.items()}


async def _caught(work: Coroutine[None, None, T]) -> T | BaseException:
    try:
        return await work
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - native code raises outside of Exception
        return error


def _result(task: "asyncio.Task[T | BaseException]") -> T | BaseException:
    """Return a finished task's outcome. One that a library cancelled from inside has failed, no more."""
    return asyncio.CancelledError() if task.cancelled() else task.result()


def _shaped(device: Device, protocol: str, error: BaseException) -> CollectError:
    """Give any exception the form of ours, without the device's secrets."""
    if isinstance(error, CollectError):
        return error
    message = (
        f"{device.name}: reading over {protocol} failed: {type(error).__name__}: {_without_secrets(device, error)}"
    )
    _log.error("%s\n%s", message, "".join(traceback.format_tb(error.__traceback__)))
    if isinstance(error, TimeoutError):
        return TimedOut(message)
    return BadData(message) if isinstance(error, ValueError | LookupError) else CollectError(message)


def _without_secrets(device: Device, error: BaseException) -> str:
    text = str(error)
    for secret in device.secrets:
        if secret.reveal():
            text = text.replace(secret.reveal(), "***")
    return text


# ---- putting together ----


def _identified(identity: Identity, lost: frozenset[str]) -> Reading:
    """Return the first requests as a reading of its own. `lost`: what is not asked for after the first failed."""
    expected = frozenset({"device_snmp_rtt_seconds"})
    if identity.failure is not None:
        failure = Failure.of("snmp", "identify", identity.failure, expected | lost)
        answered = identity.failure.kind in {"auth", "refused", "bad_data", "unsupported"}
        return Reading(failures=(failure,), expected=expected | lost, answered=answered, cost=Cost(requests=1))
    return Reading(
        samples=(Sample("device_snmp_rtt_seconds", {}, identity.seconds),),
        facts={"sys_object_id": identity.sys_object_id, "sys_descr": identity.sys_descr},
        failures=() if identity.unsaid is None else (Failure.of("snmp", "probe", identity.unsaid),),
        expected=expected,
        answered=True,
        cost=Cost(requests=identity.requests),
    )


def _snapshot(device: Device, taken_at: datetime, profile: str | None, readings: Readings, seconds: float) -> Snapshot:
    up = _up(readings)
    if not up:
        readings = [(protocol, _unheard(reading) if protocol == "tcp" else reading) for protocol, reading in readings]
    untold = frozenset({"device_up"}) if up is None else frozenset()
    told = () if up is None else (Sample("device_up", {}, int(up)),)
    found: dict[str, str] = {}
    for _, reading in readings:
        found = {name: text for name, text in reading.facts.items() if text} | found
    failures = (failure for _, reading in readings for failure in reading.failures)
    return Snapshot(
        device=device.name,
        taken_at=taken_at,
        profile=profile,
        up=bool(up),
        samples=Samples.join((told, _together(readings))),
        facts=found,
        failures=tuple(replace(failure, samples=failure.samples | untold) for failure in failures),
        expected=frozenset({"device_up"}).union(*(reading.expected for _, reading in readings)),
        cost=replace(sum((reading.cost for _, reading in readings), Cost()), seconds=seconds),
    )


def _together(readings: Readings) -> Samples:
    """Return the samples of all protocols: a series that two bring is the first one's."""
    parts = [Samples.of(each.samples) for _, each in readings]
    if any(protocol in FREE for protocol, _ in readings):
        heard = [sample for protocol, reading in readings if protocol == "snmp" for sample in reading.samples]
        parts = [
            Samples(unsaid(part, heard)) if p in FREE else part for (p, _), part in zip(readings, parts, strict=True)
        ]
    names = Tally(name for part in parts for name in part.names)
    if all(count == 1 for count in names.values()):
        return Samples.join(parts)
    series = {sample.series: sample for part in reversed(parts) for sample in reversed(tuple(part))}
    return Samples(reversed(series.values()))


def _unheard(reading: Reading) -> Reading:
    """Take back that ports are closed: of a device that says nothing at all that is not known."""
    failure = Failure("tcp", "timeout", "ports", "the device did not answer (设备无应答)", reading.expected)
    return replace(reading, samples=(), failures=(failure,))


def _up(readings: Readings) -> bool | None:
    """Say whether a management protocol answered; ICMP only where there is no other. None: we cannot tell."""
    telling = [r for protocol, r in readings if protocol in MANAGEMENT] or [r for _, r in readings]
    if any(reading.answered for reading in telling):
        return True
    kinds = {failure.kind for reading in telling for failure in reading.failures}
    return None if kinds.isdisjoint(SILENT) else False


# ---- many devices ----


class Bounds:
    """How many devices are read at once: in this process, at one site, and each device by one reader only.

    The site's place is taken before the process's, so that a site where all is dead holds `per_site` of them at most.
    """

    def __init__(self, devices: int = 50, per_site: int = 16) -> None:
        self.devices = devices
        self._process = asyncio.Semaphore(devices)
        self._sites: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_site))
        self._one: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, device: str, site: str | None = None) -> AsyncIterator[None]:
        """Wait for a place for a device, and give it back."""
        async with AsyncExitStack() as places:
            await places.enter_async_context(self._one[device])
            if site is not None:
                await places.enter_async_context(self._sites[site])
            await places.enter_async_context(self._process)
            yield

    def make_room(self) -> None:
        """Give the running loop a thread for each device: SSH, psutil and name look-ups block one while they wait.

        Without it asyncio has a handful, and devices that hang at the login would keep the others from theirs.
        """
        threads = ThreadPoolExecutor(max_workers=min(self.devices, MAX_SESSIONS) + 8, thread_name_prefix="netpatrol")
        asyncio.get_running_loop().set_default_executor(threads)


async def gather_all(
    devices: Iterable[Device],
    *,
    profiles: ProfileSet,
    collectors: Mapping[str, Collector],
    now: Callable[[], datetime],
    known: Mapping[str, str | None] | None = None,
    bounds: Bounds | None = None,
    site: Callable[[Device], str | None] = lambda device: None,
    deadline: float = DEADLINE,
    on_done: Callable[[Snapshot], None] = lambda snapshot: None,
) -> tuple[Snapshot, ...]:
    """Read many devices, and return their snapshots in the order given.

    `known`: device name → profile of the snapshot before. `on_done` is called with each as it comes in; what it raises
    is raised when all devices are done. A device's `deadline` runs from when it has its place.
    """
    before = known or {}
    room = bounds or Bounds()

    async def one(device: Device) -> Snapshot:
        async with room.hold(device.name, site(device)):
            snapshot = await gather(
                device,
                profiles=profiles,
                collectors=collectors,
                now=now,
                known=before.get(device.name),
                deadline=deadline,
            )
        on_done(snapshot)
        return snapshot

    tasks = [asyncio.create_task(one(device), name=f"gather {device.name}") for device in devices]
    try:
        if tasks:
            await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return tuple(task.result() for task in tasks)

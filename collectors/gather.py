"""Reads devices: one by all its protocols at once, many side by side. Whatever goes wrong stays with its device."""

import asyncio
import logging
import traceback
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from collectors import icmp, local, nut_decode, snmp_decode, ssh_collector, tcp, together
from collectors.choice import Choice, choose, probes
from collectors.errors import BadData, CollectError, TimedOut
from collectors.icmp import IcmpCollector
from collectors.local import LocalCollector
from collectors.model import Collector, Device, Failure, Reading, Snapshot
from collectors.nut import NutCollector
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Profile
from collectors.snmp_collector import Identity, Probes, SnmpCollector
from collectors.ssh import OpenSsh, open_session
from collectors.ssh_collector import SshCollector
from collectors.tcp import TcpCollector
from collectors.together import SILENT, Readings

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
EXPECTED: dict[str, Callable[[Profile, Device], frozenset[str]]] = {
    "snmp": lambda profile, _: snmp_decode.expected(profile),
    "ssh": ssh_collector.expected,
    "nut": lambda profile, _: nut_decode.expected(profile.nut) if profile.nut else frozenset(),
    "local": lambda profile, _: local.EXPECTED,
    "icmp": lambda profile, _: icmp.EXPECTED,
    "tcp": lambda profile, _: tcp.PORTS,
}


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
        readings.append(
            ("snmp", together.identified(identity, _expected(choice, "snmp", device) if silent else frozenset()))
        )
    if choice.failure is not None:
        readings.append(("profile", Reading(failures=(choice.failure,))))
    return together.snapshot(device, taken_at, choice.name, readings, clock() - began)


def _expected(choice: Choice, protocol: str, device: Device) -> frozenset[str]:
    """Return what a protocol would bring. Of a device never recognised, only what needs no profile."""
    if choice.name is None and protocol in {"snmp", "ssh"}:
        return frozenset()
    return EXPECTED[protocol](choice.profile, device) if protocol in EXPECTED else frozenset()


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
            expected = _expected(choice, protocol, device)
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

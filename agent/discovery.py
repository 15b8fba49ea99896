"""Look for devices in networks with the credentials given, and no others, at a bounded pace.

An address gets one SNMP request a credential (SNMPv3: its engine's discovery before it), until one is answered or one
is refused, and one connection to its SSH port, which reads the greeting and never logs in.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from agent.proposal import Names, Proposal
from agent.ways import SSH_PORT, Way
from collectors import convert
from collectors.errors import AuthFailed, CollectError, TimedOut, Unreachable
from collectors.model import Device, DeviceClass, SnmpTransport, Value
from collectors.profiles import FALLBACK, ProfileSet
from collectors.profiles.rules import Profile
from collectors.snmp import OpenSnmp, open_transport

_log = logging.getLogger(__name__)

SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, SYS_SERVICES = (f"1.3.6.1.2.1.1.{n}.0" for n in (1, 2, 5, 7))
SYSTEM = (SYS_OBJECT_ID, SYS_DESCR, SYS_NAME, SYS_SERVICES)
BRIDGES, ROUTES = 2, 4  # sysServices (RFC 3418): 2^(layer - 1)
MAX_NOTE = 120  # characters of sysDescr shown
MAX_LINES = 50  # before the SSH version line (RFC 4253 §4.2)

# what an SSH server calls itself → whose device it is; a profile that reads over SSH
GREETINGS = {
    r"Cisco": "cisco_ios",
    r"HUAWEI": "huawei_vrp",
    r"Comware|H3C": "h3c_comware",
    r"RGOS|Ruijie": "ruijie_rgos",
    r"OpenSSH.*(Debian|Ubuntu|Raspbian)": "linux",
}

Network = IPv4Network | IPv6Network
Greet = Callable[[str, int, float], Awaitable[str]]
"""(address, port, seconds) → the SSH version line, empty if there is none."""


@dataclass(frozen=True, slots=True)
class Found:
    """What answers at an address. `snmp` and `ssh` name credentials; `refused` says which was, and how."""

    address: str
    snmp: str | None = None
    ssh: str | None = None
    name: str = ""
    descr: str = ""
    services: int | None = None
    profile: Profile | None = None
    greeting: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """How to look: `rate` in addresses a second, `seconds` an answer may take."""

    ways: Sequence[Way]
    profiles: ProfileSet
    rate: float = 50.0
    in_flight: int = 256
    seconds: float = 2.0
    open_snmp: OpenSnmp = open_transport
    greet: Greet | None = None


# ---- which addresses ----


def networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Read networks or single addresses; what lies in another is left out. Raises ValueError with the right form."""
    read: dict[Network, None] = {}
    for text in given:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text}: is not a network (right form: 10.0.0.0/24)") from None
        if network.is_multicast or network.network_address.is_unspecified:
            raise ValueError(f"{text}: has no addresses of single devices (right form: 10.0.0.0/24)")
        read[network] = None
    return tuple(one for one in read if not any(one != other and _within(one, other) for other in read))


def _within(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def size(wanted: Iterable[Network]) -> int:
    return sum(network.num_addresses for network in wanted)


def addresses(wanted: Iterable[Network], known: Iterable[str]) -> Iterator[str]:
    """Yield the hosts' addresses, without those that are known."""
    skip = {str(address) for address in known}
    for network in wanted:
        yield from (text for host in network.hosts() if (text := str(host)) not in skip)


async def known_addresses(given: Iterable[str]) -> frozenset[str]:
    """Return the addresses of the inventory's devices; names are looked up, and those that do not resolve left out."""

    async def resolved(name: str) -> list[str]:
        with contextlib.suppress(ValueError):
            return [str(ip_address(name))]
        with contextlib.suppress(OSError, UnicodeError):
            return [str(at[0]) for *_, at in await asyncio.get_running_loop().getaddrinfo(name, None)]
        return []

    return frozenset(each for found in await asyncio.gather(*map(resolved, given)) for each in found)


# ---- looking ----


async def sweep(how: Sweep, wanted: Iterable[str], done: Callable[[str, Found | None], object]) -> list[Found]:
    """Ask each address once; return those that answered, in the order given. `done` is told of every address."""
    found: dict[int, Found] = {}
    room = asyncio.Semaphore(how.in_flight)
    clock = asyncio.get_running_loop().time
    next_at = clock()

    async def one(number: int, address: str) -> None:
        try:
            there = await look(how, address)
        except Exception:  # noqa: BLE001 - the edge of one address
            _log.exception("%s: a fault of ours: it is left out", address)
            there = None
        finally:
            room.release()
        if there is not None:
            found[number] = there
        done(address, there)

    async with asyncio.TaskGroup() as group:
        for number, address in enumerate(wanted):
            await room.acquire()
            await asyncio.sleep(max(0.0, next_at - clock()))
            next_at = max(next_at, clock() - 1.0) + 1 / how.rate  # a pause is not made up for by a burst
            group.create_task(one(number, address))
    return [each for _, each in sorted(found.items(), key=lambda item: item[0])]


async def look(how: Sweep, address: str) -> Found | None:
    """Ask one address. None where nothing is there."""
    ports: dict[int, str | None] = {way.ssh_port: way.name for way in reversed(how.ways) if way.ssh_port}
    ports = ports or {SSH_PORT: None}
    greet = how.greet or greeting
    greetings = asyncio.gather(*(greet(address, port, how.seconds) for port in ports))
    found, said = await asyncio.gather(_over_snmp(how, address), greetings)
    for words, name in zip(said, ports.values(), strict=True):
        if words:
            return replace(found or Found(address), ssh=name, greeting=words)
    return found


async def _over_snmp(how: Sweep, address: str) -> Found | None:
    """Try the credentials in order. A port that is closed is not asked again; after a refusal none is tried."""
    closed: set[int] = set()
    for way in how.ways:
        if way.snmp is None or way.snmp.port in closed:
            continue
        access = replace(way.snmp, retries=0, timeout=min(way.snmp.timeout, how.seconds))
        device = Device(name=address, address=address, device_class=DeviceClass.SWITCH, snmp=access)
        try:
            transport = await how.open_snmp(device)
            try:
                return await _asked(how, transport, Found(address, snmp=way.name))
            finally:
                await transport.close()
        except AuthFailed as error:
            return Found(address, refused=f"{way.name}: {error}")
        except Unreachable:
            closed.add(way.snmp.port)
        except TimedOut:
            continue
        except CollectError as error:
            return Found(address, refused=f"{way.name}: {error}")
    return None


async def _asked(how: Sweep, transport: SnmpTransport, found: Found) -> Found:
    values = await transport.get(SYSTEM)
    texts = {oid: convert.text(value) for oid, value in values.items()}
    said = texts[SYS_OBJECT_ID], texts[SYS_DESCR]
    answers: dict[str, str] = {}
    with contextlib.suppress(CollectError):
        if probes := how.profiles.probes(*said):
            answers = {oid: convert.text(value) for oid, value in (await transport.get(probes)).items()}
    return replace(
        found,
        name=texts[SYS_NAME],
        descr=texts[SYS_DESCR],
        services=_services(values.get(SYS_SERVICES)),
        profile=how.profiles.match(*said, answers),
    )


def _services(value: Value) -> int | None:
    try:
        number = convert.number(value)
    except convert.NotANumber:
        return None
    return None if number is None else int(number)


async def greeting(address: str, port: int, seconds: float) -> str:
    """Return the version line of an SSH server, empty where there is none. Sends nothing."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                for _ in range(MAX_LINES):
                    line = await reader.readuntil(b"\n")
                    if line.startswith(b"SSH-"):
                        return convert.clean(line.decode("ascii", "replace")).strip()[:255]
            finally:
                writer.close()
    except (OSError, UnicodeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # TimeoutError too
        return ""
    return ""


# ---- what it comes to ----


def propose(found: Sequence[Found], taken: Iterable[str], profiles: ProfileSet, same: str) -> list[Proposal]:
    """Return an entry for each address that can be read with the credentials given. `same`: words with {name}."""
    names = Names(set(taken))
    first: dict[str, str] = {}
    proposals: list[Proposal] = []
    for each in found:
        if each.snmp is None and each.ssh is None:
            continue
        name = names.give(each.name, f"device-{each.address}")
        ssh_profile = ssh_only(each, profiles)
        keys: dict[str, object] = {"name": name, "address": each.address, "class": str(guess_class(each, ssh_profile))}
        keys["credentials"] = list(dict.fromkeys(way for way in (each.snmp, each.ssh) if way))
        if ssh_profile is not None:
            keys["profile"] = ssh_profile.name
        notes = [each.profile.name if each.profile else "", (each.descr or each.greeting)[:MAX_NOTE]]
        if each.name and each.name in first:
            notes.insert(0, same.format(name=first[each.name]))
        first.setdefault(each.name, name)
        proposals.append(Proposal(keys, "; ".join(filter(None, notes))))
    return proposals


def ssh_only(found: Found, profiles: ProfileSet) -> Profile | None:
    """Return the profile a device must be given, because SSH recognises nothing."""
    if found.snmp is not None or found.ssh is None:
        return None
    known = (name for words, name in GREETINGS.items() if re.search(words, found.greeting))
    return next((profiles[name] for name in known if name in profiles), None)


def guess_class(found: Found, ssh_profile: Profile | None = None) -> DeviceClass:
    """Guess from the profile's classes, and from sysServices (RFC 3418) where these leave it open."""
    profile = ssh_profile or found.profile
    usual = tuple(profile.classes) if profile and profile.name != FALLBACK else ()
    guess = _by_services(found.services)
    return guess if not usual or guess in usual else usual[0]


def _by_services(services: int | None) -> DeviceClass:
    layers = services or 0
    if layers & BRIDGES:
        return DeviceClass.SWITCH
    return DeviceClass.ROUTER if layers & ROUTES else DeviceClass.SERVER

"""Take out of a recorded walk what is a customer's own: names, serials, addresses, logins. Pure.

The same text, MAC or address becomes the same stand-in everywhere, in values and in row indices, so that tables still
fit together.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import chain

from collectors import convert
from collectors.addresses import below, held, indexed, start
from collectors.model import Value
from collectors.standins import PRIVATE, Standins

Values = Mapping[str, Value]
"""Whole OID → value."""

NEVER = (
    "1.3.6.1.2.1.4.22",  # ARP
    "1.3.6.1.2.1.4.35",
    "1.3.6.1.2.1.4.21",  # routes
    "1.3.6.1.2.1.4.24",
    "1.3.6.1.2.1.6.13",  # TCP and UDP endpoints
    "1.3.6.1.2.1.6.19",
    "1.3.6.1.2.1.6.20",
    "1.3.6.1.2.1.7.5",
    "1.3.6.1.2.1.7.7",
    "1.3.6.1.2.1.16.9",  # RMON: community of the trap destinations
    "1.3.6.1.2.1.17.4.3",  # MAC tables
    "1.3.6.1.2.1.17.5",
    "1.3.6.1.2.1.17.7.1.2",
    "1.3.6.1.2.1.17.7.1.3",
    "1.3.6.1.2.1.25.4",  # command lines of processes
    "1.3.6.1.2.1.25.6",  # installed software
    "1.3.6.1.2.1.55",  # IPV6-MIB: addresses and routes, in indices only
    "1.3.6.1.2.1.68.1.4",  # addresses that VRRP's routers share, likewise
    "1.3.6.1.6.3.12",  # SNMP's own targets, users, views and communities (RFC 3413 to 3415, 3584)
    "1.3.6.1.6.3.13",
    "1.3.6.1.6.3.14",
    "1.3.6.1.6.3.15",
    "1.3.6.1.6.3.16",
    "1.3.6.1.6.3.18",
)
"""Subtrees that are left out, but for what the profile reads; those of SNMP's own access always."""
ACCESS = tuple(oid for oid in NEVER if oid.startswith("1.3.6.1.6.3."))

NAMES = {
    "1.3.6.1.2.1.1.4": "contact",
    "1.3.6.1.2.1.1.5": "device",
    "1.3.6.1.2.1.1.6": "location",
    "1.3.6.1.2.1.17.7.1.4.3.1.1": "vlan",  # dot1qVlanStaticName
    "1.3.6.1.2.1.31.1.1.1.18": "port",  # ifAlias
    "1.3.6.1.2.1.33.1.1.5": "device",  # upsIdentName
    "1.3.6.1.2.1.33.1.1.6": "load",  # upsIdentAttachedDevices
    "1.3.6.1.2.1.47.1.1.1.1.14": "part",  # entPhysicalAlias
    "1.3.6.1.2.1.47.1.1.1.1.15": "asset",  # entPhysicalAssetID
    "1.0.8802.1.1.2.1.3.3": "device",  # lldpLocSysName
    "1.0.8802.1.1.2.1.3.7.1.4": "port",  # lldpLocPortDesc
    "1.0.8802.1.1.2.1.4.1.1.8": "port",  # lldpRemPortDesc
    "1.0.8802.1.1.2.1.4.1.1.9": "device",  # lldpRemSysName
    "1.0.8802.1.1.2.1.4.1.1.10": "description",  # lldpRemSysDesc
    "1.3.6.1.4.1.9.9.23.1.2.1.1.6": "device",  # cdpCacheDeviceId
    "1.3.6.1.4.1.9.9.23.1.2.1.1.5": "description",  # cdpCacheVersion
    "1.3.6.1.4.1.9.9.23.1.2.1.1.17": "device",  # cdpCacheSysName
    "1.3.6.1.4.1.9.9.23.1.3.4": "device",  # cdpGlobalDeviceId
}
"""Column → what its texts are called instead."""
SEARCHED = ("device", "contact", "location")  # kinds that are looked for inside other texts, too
INTERFACES = ("1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.31.1.1.1.1")  # ifDescr, ifName: their texts are nobody's own
SERIALS = ("1.3.6.1.2.1.47.1.1.1.1.11",)  # entPhysicalSerialNum

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SHORTEST = 4  # characters of a name that is looked for inside other texts
LONG = 8  # characters of one that is found in the middle of a word too
FIXED_ARCS = 7  # arcs of an OID before any index
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:.])")
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9A-Fa-f]{2}(?P<one>[:-])(?:[0-9A-Fa-f]{2}(?P=one)){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}(?P<two>[.-])[0-9A-Fa-f]{4}(?P=two)[0-9A-Fa-f]{4})(?![\w:-])"
)
_SERIAL = re.compile(r"(?=(?:.*\d){4})[A-Z0-9]*[A-Z][A-Z0-9]*|\d{12,}")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the device: `serials` and `secrets` go, `kept` stays, `read` are the columns of its profile."""

    serials: Collection[str] = ()
    secrets: Collection[str] = ()
    kept: Collection[str] = ()
    read: Collection[str] = ()


def redact(values: Values, known: Known) -> dict[str, Value]:
    """Return the values without what is the customer's own. What has the login in its index is left out."""
    redactor = _Redactor(known)
    kept = {oid: value for oid, value in values.items() if redactor.stays(oid)}
    redactor.learn(kept)
    return {redactor.index(oid): redactor.value(oid, value) for oid, value in kept.items()}


class _Redactor:
    """Learns what is to be replaced from the whole walk, and replaces it."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._read = frozenset(known.read)
        self._new = Standins()
        self._search: re.Pattern[str] | None = None
        self._ports: set[str] = set()
        self._octets: dict[bytes, bytes] = {}
        self._addresses: dict[bytes, bytes] = {}
        self._arcs: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._sizes: list[int] = []  # of those
        self._secret_arcs = tuple("." + _arcs_of(secret.encode()) for secret in known.secrets if secret)

    def stays(self, oid: str) -> bool:
        if below(oid, ACCESS) or any(arcs in f"{oid}." for arcs in self._secret_arcs):
            return False
        return not below(oid, NEVER) or below(oid, self._known.read)

    def learn(self, values: Values) -> None:
        for serial in self._known.serials:
            self._new.serial(serial)
        self._ports = {convert.text(value).strip() for oid, value in values.items() if below(oid, INTERFACES)}
        for oid, value in values.items():
            self._learn_one(oid, value)
        for secret in filter(None, self._known.secrets):
            self._new.texts[secret] = "redacted"
        longest = sorted((t for t in self._new.texts if self._searched(t)), key=len, reverse=True)
        self._search = re.compile("|".join(map(_bounded, longest))) if longest else None
        encoded = ((text.encode(code, "replace"), text) for text in longest for code in ("utf-8", "gb18030"))
        self._octets = {octets: self._new.texts[text].encode() for octets, text in encoded}
        self._addresses = self._new.addresses()
        for old, new in (self._addresses | self._new.macs).items():
            self._arcs[tuple(map(str, old))] = tuple(map(str, new))
        self._sizes = sorted(set(map(len, self._arcs)), reverse=True)

    def _searched(self, text: str) -> bool:
        """Say whether a text is looked for inside others: `core` in `core-1`, but not what the facts need."""
        if text in self._known.secrets:
            return True
        kind, _, number = self._new.texts[text].partition("-")
        if number and kind not in SEARCHED:
            return False
        long_enough = len(text) >= (SHORTEST if text.isascii() else 2)
        return long_enough and not text.isdigit() and not any(text in kept for kept in self._known.kept)

    def _learn_one(self, oid: str, value: Value) -> None:
        if isinstance(value, str) and is_address(value):
            self._new.address(value)
        for octets in chain.from_iterable(map(indexed, (oid, value) if isinstance(value, str) else (oid,))):
            self._new.octets(octets)
        if not isinstance(value, bytes) or not value:
            return
        words = convert.text(value).strip()
        if words and words not in self._ports and (kind := _kind(oid)):
            self._new.name(words, kind)
        elif octets := held(oid, value):
            self._new.octets(octets)
        elif words and (below(oid, SERIALS) or self._like_a_serial(oid, words)):
            self._new.serial(words)

    def _like_a_serial(self, oid: str, words: str) -> bool:
        if below(oid, self._known.read) or any(words in kept for kept in self._known.kept):
            return False
        return 10 <= len(words) <= 25 and _SERIAL.fullmatch(words) is not None

    # ---- replacing ----

    def index(self, oid: str) -> str:
        """Replace the addresses and MACs that are in an OID's index.

        Where it begins is known of the profile's columns and of some tables. Elsewhere 1.1.1.1 is no address but at the
        very end.
        """
        arcs = oid.split(".")
        column = start(oid) or self._column(arcs)
        at = column or FIXED_ARCS
        while at < len(arcs):
            size = next((n for n in self._sizes if tuple(arcs[at : at + n]) in self._arcs), 1)
            if size > 1 and (column or at + size == len(arcs) or any(len(arc) > 1 for arc in arcs[at : at + size])):
                arcs[at : at + size] = self._arcs[tuple(arcs[at : at + size])]
                at += size
            else:
                at += 1
        return ".".join(arcs)

    def _column(self, arcs: list[str]) -> int:
        """Return the length of the profile's column that an OID is of; 0 if it is of none."""
        lengths = range(len(arcs) - 1, FIXED_ARCS, -1)
        return next((n for n in lengths if ".".join(arcs[:n]) in self._read), 0)

    def value(self, oid: str, value: Value) -> Value:
        if isinstance(value, str):
            if is_address(value):
                return self._new.address(value)
            return value if oid == SYS_OBJECT_ID else self.index(value)
        if not isinstance(value, bytes) or not value:
            return value
        words = convert.text(value).strip()
        if words in self._new.texts and (_kind(oid) or below(oid, SERIALS) or words not in self._known.kept):
            return self._new.texts[words].encode()
        if held(oid, value) or not self._is_text(value):
            return self._binary(value)
        return self._text(value.decode("utf-8")).encode()

    @staticmethod
    def _is_text(value: bytes) -> bool:
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return all(char.isprintable() or char in "\r\n\t\0" for char in text)

    def _binary(self, value: bytes) -> bytes:
        """Replace MACs, addresses and texts inside octets: a bridge's id, an engine's id, a text in GBK."""
        for mac, instead in self._new.macs.items():
            value = value.replace(mac, instead)
        family = value[:1] if len(value) in (5, 17) else b""  # which LLDP has before an address
        if (address := value[len(family) :]) in self._addresses:
            return family + self._addresses[address]
        if len(value) == 16:
            return self._new.octets(value)
        for octets, standin in self._octets.items():
            value = value.replace(octets, standin)
        return value

    def _text(self, text: str) -> str:
        if self._search is not None:
            text = self._search.sub(lambda match: self._new.texts[match[0]], text)
        text = _MAC.sub(self._mac_text, text)
        text = _IPV6.sub(self._ipv6_text, text)
        return _IPV4.sub(self._ipv4_text, text)

    def _mac_text(self, match: re.Match[str]) -> str:
        digits = re.sub("[^0-9A-Fa-f]", "", match[0])
        new = iter(self._new.mac(bytes.fromhex(digits)).hex())
        return "".join(next(new) if char.isalnum() else char for char in match[0])

    def _ipv4_text(self, match: re.Match[str]) -> str:
        """A version looks like an address: only private ones, and those known to be addresses, are replaced."""
        address = _ipv4(match[0])
        if address is None or any(match[0] in kept for kept in self._known.kept):
            return match[0]
        if address in self._new.ipv4 or any(IPv4Address(address) in network for network in PRIVATE):
            return self._new.address(address)
        return match[0]

    def _ipv6_text(self, match: re.Match[str]) -> str:
        try:
            return self._new.address6(IPv6Address(match[0]))
        except ValueError:
            return match[0]


def _bounded(text: str) -> str:
    """Match a short text as a word only: the user `ops` is not in `stops`."""
    return re.escape(text) if len(text) >= LONG else rf"(?<!\w){re.escape(text)}(?!\w)"


def _kind(oid: str) -> str | None:
    return next((kind for column, kind in _around(oid)), None)


def _around(oid: str) -> Iterator[tuple[str, str]]:
    while oid:
        if oid in NAMES:
            yield oid, NAMES[oid]
        oid = oid.rpartition(".")[0]


def _ipv4(text: str) -> str | None:
    """Return an IPv4 address as it is written plainly; None for what is none, such as an OID."""
    try:
        return str(IPv4Address(text))
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Say whether dotted text is an IPv4 address and not an OID: one of four arcs below 1.3 is an OID."""
    return _ipv4(text) is not None and not text.startswith("1.3.")


def _arcs_of(octets: bytes) -> str:
    return ".".join(map(str, octets)) + "."

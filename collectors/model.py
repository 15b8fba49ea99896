"""What a device is to a collector, and what it said. Imports nothing of ours but the errors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import WrapSerializer

from collectors.errors import CollectError

if TYPE_CHECKING:
    from collectors.profiles.rules import Profile

Number = int | float


class DeviceClass(StrEnum):
    """The inventory's `class`."""

    ROUTER = "router"
    SWITCH = "switch"
    FIREWALL = "firewall"
    WIRELESS = "wireless"
    SERVER = "server"
    UPS = "ups"
    PDU = "pdu"
    STORAGE = "storage"


class Health(StrEnum):
    """The `health` label of `device_state` and `ups_state`: every vendor's enum comes down to these."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Secret:
    """A resolved secret. Shows as *** wherever it is printed; `reveal` is for the wire only."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))


AuthProtocol = Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"]
SnmpEngine = Literal["own", "pysnmp"]
PrivProtocol = Literal["des", "aes128", "aes192", "aes256", "aes192c", "aes256c"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpAccess:
    """How to ask one device over SNMP. v1 and v2c need `community`; v3 needs `user`, and may have auth and priv."""

    version: Literal["1", "2c", "3"] = "2c"
    port: int = 161
    community: Secret | None = None
    user: str | None = None
    auth_protocol: AuthProtocol | None = None
    auth_key: Secret | None = None
    priv_protocol: PrivProtocol | None = None
    priv_key: Secret | None = None
    context: str = ""
    timeout: float = 3.0  # seconds a request may take
    retries: int = 1  # further tries of a request
    max_repetitions: int = 20  # GETBULK rows; low enough for small devices' CPUs
    engine: SnmpEngine = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """How to log in to one device. A password, a key file, or both (key first)."""

    username: str
    password: Secret | None = None
    key_file: Path | None = None
    port: int = 22
    known_hosts: Path | None = None  # None: no key is trusted, so nothing is sent
    connect_timeout: float = 10.0  # seconds for TCP and the banner
    login_timeout: float = 15.0  # seconds for key exchange, login and the first prompt
    command_timeout: float = 30.0  # seconds a command
    keep_open: bool = False  # stay logged in between polls: one line (VTY) of the device stays taken


@dataclass(frozen=True, slots=True, kw_only=True)
class NutAccess:
    """How to ask a Network UPS Tools server (upsd) for one UPS. Most need no login for reading."""

    ups: str | None = None  # its name there; None: the only one there is
    port: int = 3493
    username: str | None = None
    password: Secret | None = None
    tls: Literal["off", "verified", "unverified"] = "off"  # by STARTTLS; unverified: whoever answers is believed
    ca_file: Path | None = None  # certificates that sign the server's, or its own; None: those of the system
    timeout: float = 10.0  # seconds the whole conversation may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One inventory device as a collector sees it. Protocols without access (None, False) are not spoken."""

    name: str
    address: str
    device_class: DeviceClass
    profile: str | None = None  # None: recognise it
    snmp: SnmpAccess | None = None
    ssh: SshAccess | None = None
    nut: NutAccess | None = None
    icmp: bool = True
    local: bool = False  # this machine, through psutil
    probe_ports: bool = True  # an inspection may see whether its Telnet, FTP, HTTP ports are open, and its TLS and SSH

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What opens it, over any protocol."""
        found = [self.snmp.community, self.snmp.auth_key, self.snmp.priv_key] if self.snmp else []
        found += [login.password for login in (self.ssh, self.nut) if login]
        return tuple(secret for secret in found if secret is not None)


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure. `value` is in the base unit of its name (vocabulary.py); `oid` is the instance it was read from."""

    name: str
    labels: Mapping[str, str]
    value: Number
    oid: str | None = None

    @property
    def series(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What this figure is of: equal for the same series in two snapshots."""
        return self.name, tuple(sorted(self.labels.items()))


SampleSequence = Annotated[Sequence[Sample], WrapSerializer(lambda samples, as_json: as_json(list(samples)))]
"""Samples in any form that can be gone through; JSON has them one by one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be read, and what is missing because of it."""

    protocol: str  # snmp, ssh, nut, icmp, local, …
    kind: str  # CollectError.kind, or "parse"
    what: str  # the table, command or step
    message: str
    samples: frozenset[str] = frozenset()  # names that may be incomplete or absent now

    @classmethod
    def of(cls, protocol: str, what: str, error: CollectError, samples: Iterable[str] = ()) -> "Failure":
        return cls(protocol, error.kind, what, str(error), frozenset(samples))


@dataclass(frozen=True, slots=True)
class Cost:
    """What the reading asked of the device: 对现运行系统的冲击和影响."""

    requests: int = 0  # SNMP requests or ICMP echoes sent, retries counted
    commands: tuple[str, ...] = ()  # command lines sent, in order; of a login the words only
    seconds: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.requests + other.requests, self.commands + other.commands, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one collector brought back. Partial results are kept beside the failures."""

    samples: SampleSequence = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    expected: frozenset[str] = frozenset()  # sample names this profile can produce with this access
    answered: bool = False  # the device said anything at all over this protocol
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that one device said at one instant. `taken_at` is aware UTC."""

    device: str
    taken_at: datetime
    profile: str | None = None
    up: bool = False
    samples: SampleSequence = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    expected: frozenset[str] = frozenset()
    cost: Cost = Cost()

    def __post_init__(self) -> None:
        if isinstance(self.samples, list):  # as it comes out of JSON
            object.__setattr__(self, "samples", tuple(self.samples))


class Collector(Protocol):
    """Speaks one protocol to one device at a time."""

    @property
    def protocol(self) -> str:
        """Its name in failures and logs."""
        ...

    def wants(self, device: Device) -> bool:
        """Say whether the inventory gives access over this protocol."""
        ...

    async def read(self, device: Device, profile: "Profile") -> Reading:
        """Read what the profile names. A device's fault is a Failure in the Reading, never an exception."""
        ...


# ---- the seams below the collectors: a faster engine or a recording stands in here ----

Value = int | float | bytes | str | None
"""A varbind's value: numbers as int (Opaque floats as float), OCTET STRING as bytes, OID and IpAddress as dotted text,
noSuchObject, noSuchInstance and Null as None."""

Rows = dict[str, dict[str, Value]]
"""Column OID → row index → value. A scalar `X.0` is column X, row "0"."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows of the columns asked for, in the device's order, and why they end early if they do."""

    rows: Rows
    failure: CollectError | None = None


class SnmpTransport(Protocol):
    """Asks one device over SNMP. OIDs are dotted, without a leading dot. There is no SET."""

    requests: int  # sent so far, retries counted

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Return each OID's value (None where the device has none). Raises CollectError."""
        ...

    async def walk(self, columns: Sequence[str], *, rows: int | None = None) -> Walk:
        """Read whole columns side by side. Keeps what came before an error; never raises for the device's fault.

        `rows` is how many a column had when it was last read: it saves asking for more. Right or wrong, all are read.
        Columns that had none may be of several tables.
        """
        ...

    async def close(self) -> None: ...


class CliSession(Protocol):
    """A logged-in command line. Sends only whole commands of the allow-list it was opened with."""

    sent: Sequence[str]  # command lines sent so far, paging set-up included

    def run(self, command: str) -> str:
        """Return what the device printed, prompt and echo removed. Raises CollectError."""
        ...

    def close(self) -> None: ...

"""The words of judging: severity, check, finding, ticket, run. Frozen, no IO."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Literal

from agent.push.target import PushTarget
from agent.traps.settings import Traps
from collectors.model import Device, Number, Secret, Snapshot

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


class Severity(IntEnum):
    """The numbers are exit codes and metric values; what is worse is said by `rank`: UNKNOWN below CRITICAL."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3

    @property
    def rank(self) -> int:
        return (0, 1, 3, 2)[self]


class FindingState(StrEnum):
    """Where a finding stands against the time before."""

    NEW = "new"
    PERSISTING = "persisting"
    CLEARED = "cleared"
    REGRESSED = "regressed"  # was cleared, and is back
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check says of one object (series) of one device at one instant. OK ones too: coverage counts them."""

    device: str
    check: str  # the check's name
    object: str  # names the series within the device: "GigabitEthernet0/1"; "" for the device itself
    severity: Severity
    value: Number | None = None  # in the sample's base unit; None when nothing was measured
    text: str = ""  # for states: what the device said; raw, hostile
    limit: Number | None = None  # the limit it was held against; None where there is none
    limit_source: Literal["", "device", "customer", "check"] = ""
    direction: Literal["above", "below", "state", "in"] = "state"
    reason: str = ""  # UNKNOWN: timeout, unreachable, auth, refused, bad_data, unsupported, parse, missing, no_history
    detail: str = ""  # the failure's own words; raw, hostile
    behind: tuple[str, ...] = ()  # devices or ports whose fault explains this one, known when findings are settled

    @property
    def key(self) -> tuple[str, str, str]:
        """(device, check, object): what a finding and its ticket are known by."""
        return self.device, self.check, self.object


@dataclass(frozen=True, slots=True)
class Track:
    """What judging remembers of a key from poll to poll, for `for` and hysteresis."""

    severity: Severity = Severity.OK  # as raised: an OK track with a streak is not yet a finding
    candidate: Severity = Severity.OK  # what the last poll that measured it did; UNKNOWN: none has yet
    streak: int = 0  # consecutive polls that measured a fault
    critical: int = 0  # of these, the last ones in a row that were critical


@dataclass(frozen=True, slots=True)
class Judged:
    """A result, with whether it holds (`for` polls passed) and what to remember for the next poll."""

    result: Result
    raised: Severity  # the severity to act on: tickets, exit codes of `run`
    track: Track

    @property
    def holds(self) -> bool:
        return self.raised in (Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Who accepted a finding, and why."""

    by: str
    reason: str
    at: datetime
    until: datetime | None = None  # None: until it is taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A result that is not OK (or was not), with the id that survives runs."""

    id: str
    result: Result
    state: FindingState
    first_seen: datetime
    last_seen: datetime
    cleared_at: datetime | None = None  # when recovery was last measured; kept when it is back
    times_seen: int = 1  # runs that measured the fault; 0: data has only ever been missing
    held: bool = False  # long enough for a ticket
    waiver: Waiver | None = None  # of a waived one


class TicketStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ON_SITE = "on_site"
    PENDING = "pending"  # waits for someone else, with a reason
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Due:
    """The contract's three clocks of a ticket, aware UTC; None where the contract names none."""

    response: datetime | None = None
    on_site: datetime | None = None
    fix: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One fault of one object, from opening to closing."""

    number: str  # T-20261122-0001, for people
    finding: str  # Finding.id
    device: str
    check: str
    object: str
    severity: Severity
    fault_level: int  # 1 (一级, worst) to 4
    status: TicketStatus
    opened_at: datetime
    recurred_at: datetime | None = None  # when the fault came back last: the clocks count from then
    due: Due = Due()
    responded_at: datetime | None = None
    on_site_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    site: str = ""
    customer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChange:
    """One row of a ticket's history. `actor` is "netpatrol" or a person's name."""

    number: str
    at: datetime
    actor: str
    action: Literal[
        "open", "raise", "lower", "acknowledge", "on_site", "pend", "resume", "resolve", "reopen", "close", "comment"
    ]
    text: str = ""  # raw, hostile where it quotes a device
    ticket: Ticket  # as it is after the change


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of what should be measured was: (device, check) pairs that apply against those not UNKNOWN."""

    expected: int = 0
    collected: int = 0
    devices: int = 0
    answered: int = 0

    @property
    def percent(self) -> int:
        """Rounded down: 100 is said of nothing less than all."""
        return 100 * self.collected // self.expected if self.expected else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceResult:
    """One device in a run."""

    snapshot: Snapshot
    results: tuple[Result, ...] = ()
    not_applicable: tuple[str, ...] = ()  # check names (不涉及)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualAnswer:
    """What a person says of a manual item, at a device or of a site."""

    item: str
    device: str = ""  # one of the two
    site: str = ""
    ok: bool | None = None
    value: float | None = None  # in the unit the item says
    note: str = ""
    by: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished inspection. Immutable; a report is a pure function of it (and of the runs before)."""

    id: str  # 20261122T073000Z-3fa2
    started_at: datetime
    finished_at: datetime
    scope: Mapping[str, str] = field(default_factory=dict)  # --site, --device, --class as given
    sites: Mapping[str, str] = field(default_factory=dict)  # that its devices were at → whose they were
    devices: tuple[DeviceResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    changes: tuple[TicketChange, ...] = ()
    tickets: tuple[Ticket, ...] = ()  # of these devices: those at work, and those that this run resolved
    coverage: Coverage = Coverage()
    answers: tuple[ManualAnswer, ...] = ()  # to manual items

    @property
    def waived(self) -> frozenset[tuple[str, str, str]]:
        """The keys of what people accepted: measured on, counted nowhere."""
        return frozenset(f.result.key for f in self.findings if f.state is FindingState.WAIVED)

    @property
    def severity(self) -> Severity:
        """The worst result that counts."""
        waived = self.waived
        found = (r.severity for d in self.devices for r in d.results if r.key not in waived)
        return max(found, key=lambda s: s.rank, default=Severity.OK)


# ---- what the inventory says, resolved (agent/inventory.py builds these; secrets are `Secret`s by then) ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    name: str
    title: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When the contract's clocks run. Weekdays 1 (Monday) to 7; times local to `timezone`; 7x24 has no gaps."""

    timezone: str = "Asia/Shanghai"
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    holidays: tuple[date, ...] = ()  # weekdays without service
    workdays: tuple[date, ...] = ()  # days of service besides: weekends worked in exchange for holidays (调休)
    opens: time = time(0, 0)
    closes: time | None = None  # None: midnight at the end of the day


@dataclass(frozen=True, slots=True)
class Targets:
    """One fault level's promises, in working time of the contract's calendar."""

    response: timedelta | None = None
    on_site: timedelta | None = None
    fix: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    name: str
    title: Text
    starts: date | None = None
    ends: date | None = None
    calendar: Calendar = Calendar()
    levels: Mapping[int, Targets] = field(default_factory=dict)  # fault level 1 (一级) to 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    name: str
    title: Text
    customer: Customer
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class LimitOverride:
    """The customer's own limits for a check, in the sample's base unit; None keeps the check's."""

    warning: Number | None = None
    critical: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Which software the devices of some models should run. Versions are texts, as devices write them."""

    model: str  # regular expression, found in `vendor model`
    version: str  # recommended
    minimum: str = ""  # older ones are not supported, or have serious defects
    safe: str = ""  # older ones have known holes
    advisory: str = ""  # that tell of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One device of the inventory: what collectors need (`device`), and what judging needs."""

    device: Device
    site: Site | None = None
    parent: str | None = None
    criticality: Literal["core", "aggregation", "access"] = "access"
    tags: tuple[str, ...] = ()
    interval: timedelta = timedelta(seconds=60)
    uplinks: tuple[str, ...] = ()  # ifName or ifDescr of ports whose loss is critical
    ignore_interfaces: tuple[str, ...] = ()  # ifName or ifDescr never judged
    limits: Mapping[str, LimitOverride] = field(default_factory=dict)  # check name → the customer's limits
    warranty: date | None = None  # its last day
    installed: date | None = None
    battery_installed: date | None = None  # of a UPS
    baselines: tuple[Baseline, ...] = ()  # the whole inventory's, in its order
    config_backup: bool = True  # an inspection backs up its configuration, where it can

    @property
    def name(self) -> str:
        return self.device.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All of inventory.yaml, checked and resolved, in the file's order."""

    entries: Mapping[str, Entry]
    sites: Mapping[str, Site] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    timezone: str = "Asia/Shanghai"  # of displays and schedules
    language: Lang | None = None  # of texts and reports, unless --lang says otherwise
    config_key: Secret | None = None  # encrypts raw configurations; None: none are kept
    profiles_dirs: tuple[Path, ...] = ()  # folders of community profiles
    push: PushTarget | None = None  # where figures are pushed to; None: they are fetched
    traps: Traps | None = None  # None: none are heard

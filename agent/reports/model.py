"""What a report says, before it has a form. Every text for people is a `Text` in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from agent.checks.tracks import FAULTS
from agent.model import Coverage, FindingState, Severity, Text, TicketStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One line of a device's table: one object of a check, or many that are all in order."""

    id: str  # catalogue number
    title: Text
    object: str  # raw, hostile
    objects: int = 1  # how many objects the line stands for
    severity: Severity
    measured: Text
    limit: Text
    last: Text  # the same object in the inspection before; "—" when there is none
    waived: bool = False  # a person accepted it: shown, and counted nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSection:
    name: str
    address: str
    device_class: str
    site: Text | None
    profile: str
    up: bool
    facts: Mapping[str, str]  # raw, hostile
    uptime: Text
    severity: Severity
    score: int
    rows: tuple[CheckRow, ...]
    not_applicable: tuple[Text, ...]
    failures: tuple[str, ...]  # what could not be read, in the device's words; hostile
    requests: int
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    id: str
    device: str
    title: Text
    object: str  # raw, hostile
    severity: Severity
    state: FindingState
    phenomenon: Text
    cause: Text
    advice: Text
    first_seen: datetime
    times_seen: int
    security_risk: bool
    ticket: str  # number, or ""
    behind: tuple[str, ...]  # devices or ports whose fault explains this one: it has no ticket of its own
    detail: str = ""  # several lines: a diff of configurations, secrets masked; hostile
    accepted: Text | None = None  # of a waived one: by whom, when, until when, why


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    number: str
    device: str
    title: Text
    object: str
    severity: Severity
    fault_level: int
    status: TicketStatus
    opened_at: datetime
    recurred_at: datetime | None  # when the fault came back last: the due times count from then
    response_due: datetime | None
    on_site_due: datetime | None
    fix_due: datetime | None
    resolved_at: datetime | None
    behind: tuple[str, ...]  # devices and ports that this fault explains, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualRow:
    """One answer to a manual item; or all sites and devices that one waits for."""

    id: str  # catalogue number
    title: Text
    where: tuple[str, ...]  # names of sites or devices
    severity: Severity  # UNKNOWN: to be filled in
    answer: Text
    limit: Text
    note: str  # a person's words
    by: str
    on: date | None
    security_risk: bool

    @property
    def is_fault(self) -> bool:
        return self.severity in FAULTS

    @property
    def is_open(self) -> bool:
        """Whether it is still to be filled in."""
        return self.severity is Severity.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What the inspection itself did to the running system."""

    requests: int
    commands: tuple[str, ...]  # distinct command lines, sorted
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One inspection as a customer reads it. Times are aware UTC; `timezone` is how they are shown."""

    run: str
    started_at: datetime
    finished_at: datetime
    timezone: str
    customers: tuple[Text, ...]
    sites: tuple[Text, ...]
    scope: Mapping[str, str]
    coverage: Coverage
    severity: Severity
    counts: Mapping[str, int]  # severity name → devices whose worst result that counts it is
    score: int
    grade: Text
    purpose: Text
    conclusion: tuple[Text, ...]
    impact: Impact
    devices: tuple[DeviceSection, ...]
    findings: tuple[FindingRow, ...]  # open ones and those cleared since, worst first
    tickets: tuple[TicketRow, ...]
    manual: tuple[ManualRow, ...]

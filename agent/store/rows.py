"""Between the dataclasses and the tables' rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from agent.findings import NOT_COUNTED
from agent.model import (
    Coverage,
    Due,
    Finding,
    FindingState,
    Result,
    Run,
    Severity,
    Ticket,
    TicketChange,
    TicketStatus,
    Track,
    Waiver,
)
from agent.store import bodies, codec
from agent.waivers import FindingChange
from collectors.model import Snapshot

Key = tuple[str, str, str]  # (device, check, object)
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceTracks:
    """All tracks of one device, each as (check, object, track)."""

    tracks: tuple[tuple[str, str, Track], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run without what it measured: enough to list it, and to choose the one to compare with."""

    id: str
    started_at: datetime
    finished_at: datetime
    severity: Severity
    scope: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)  # site → customer
    coverage: Coverage
    findings: int = 0  # open ones that nobody accepted
    changes: int = 0  # of tickets

    @classmethod
    def of(cls, run: Run) -> "RunSummary":
        return cls(
            id=run.id,
            started_at=run.started_at,
            finished_at=run.finished_at,
            severity=run.severity,
            scope=run.scope,
            sites=run.sites,
            coverage=run.coverage,
            findings=sum(f.state not in NOT_COUNTED for f in run.findings),
            changes=len(run.changes),
        )


def snapshot_row(snapshot: Snapshot) -> Values:
    return {"device": snapshot.device, "taken_at": snapshot.taken_at, "body": bodies.pack_snapshot(snapshot)}


def track_rows(tracks: Mapping[Key, Track], now: datetime) -> list[Values]:
    """Return one row a device."""
    devices: dict[str, list[tuple[str, str, Track]]] = defaultdict(list)
    for (device, check, object_), track in tracks.items():
        devices[device].append((check, object_, track))
    return [
        {"device": device, "updated_at": now, "body": codec.pack(DeviceTracks(tuple(rows)))}
        for device, rows in devices.items()
    ]


def tracks_of(rows: Iterable[Row[Any]]) -> dict[Key, Track]:
    return {
        (row.device, check, object_): track
        for row in rows
        for check, object_, track in codec.unpack(DeviceTracks, row.body).tracks
    }


def finding_row(finding: Finding) -> Values:
    device, check, object_ = finding.result.key
    return {
        "id": finding.id,
        "device": device,
        "check": check,
        "object": object_,
        "state": finding.state,
        "severity": int(finding.result.severity),
        "held": finding.held,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "cleared_at": finding.cleared_at,
        "times_seen": finding.times_seen,
        "result": codec.pack(finding.result),
        "waiver": codec.pack(finding.waiver) if finding.waiver else None,
    }


def finding_of(row: Row[Any]) -> Finding:
    return Finding(
        id=row.id,
        result=codec.unpack(Result, row.result),
        state=FindingState(row.state),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        cleared_at=row.cleared_at,
        times_seen=row.times_seen,
        held=row.held,
        waiver=codec.unpack(Waiver, row.waiver) if row.waiver else None,
    )


def ticket_row(ticket: Ticket) -> Values:
    plain = {f.name: getattr(ticket, f.name) for f in fields(ticket) if f.name != "due"}
    due = {f"due_{name}": at for name, at in asdict(ticket.due).items()}
    return {**plain, **due, "severity": int(ticket.severity)}


def ticket_of(row: Row[Any]) -> Ticket:
    values = row._asdict()
    due = Due(**{f.name: values.pop(f"due_{f.name}") for f in fields(Due)})
    values.update(severity=Severity(row.severity), status=TicketStatus(row.status), due=due)
    return Ticket(**values)


def event_row(change: TicketChange | FindingChange) -> Values:
    about = {"number": change.number} if isinstance(change, TicketChange) else {"finding": change.finding.id}
    return {
        **about,
        "at": change.at,
        "actor": change.actor,
        "action": change.action,
        "body": codec.pack(change),
    }


def run_row(run: Run) -> Values:
    return {
        "id": run.id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "summary": codec.pack(RunSummary.of(run)),
        "body": bodies.pack_run(run),
    }

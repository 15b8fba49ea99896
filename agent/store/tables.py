"""The store's tables. A change here needs a new file in `migrations/versions`; a test compares the two."""

import re
from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

REVISION = "0003"  # the newest file in migrations/versions

_UNSAFE = re.compile(r"[\\\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\([0-9a-f]{4})")


class SafeText(TypeDecorator[str]):
    """Text in which NUL and lone surrogates, which databases refuse, and the backslash stand as `\\` + 4 hex digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and _UNSAFE.sub(lambda m: f"\\{ord(m[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value and _ESCAPED.sub(lambda m: chr(int(m[1], 16)), value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept and given back in UTC (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone (right form: datetime.now(UTC))")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


METADATA = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

snapshots = Table(
    "snapshots",
    METADATA,
    Column("device", SafeText, primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),  # bodies.pack_snapshot
)

tracks = Table(
    "tracks",
    METADATA,
    Column("device", SafeText, primary_key=True),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),  # codec.pack(rows.DeviceTracks)
)

findings = Table(
    "findings",
    METADATA,
    Column("id", SafeText, primary_key=True),
    Column("device", SafeText, nullable=False),
    Column("check", SafeText, nullable=False),
    Column("object", SafeText, nullable=False),
    Column("state", SafeText, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    Column("times_seen", Integer, nullable=False),
    Column("result", LargeBinary, nullable=False),  # codec.pack(Result)
    Column("waiver", LargeBinary),  # codec.pack(Waiver)
    UniqueConstraint("device", "check", "object"),
)

finding_events = Table(
    "finding_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("finding", SafeText, ForeignKey("findings.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("body", LargeBinary, nullable=False),  # codec.pack(FindingChange)
)

tickets = Table(
    "tickets",
    METADATA,
    Column("number", SafeText, primary_key=True),
    Column("finding", SafeText, ForeignKey("findings.id"), nullable=False),
    Column("device", SafeText, nullable=False, index=True),
    Column("check", SafeText, nullable=False),
    Column("object", SafeText, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("fault_level", Integer, nullable=False),
    Column("status", SafeText, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("recurred_at", UtcDateTime, index=True),
    Column("due_response", UtcDateTime),
    Column("due_on_site", UtcDateTime),
    Column("due_fix", UtcDateTime),
    Column("responded_at", UtcDateTime),
    Column("on_site_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("site", SafeText, nullable=False),
    Column("customer", SafeText, nullable=False),
)

# a fault has one ticket that is not closed, whatever the program thinks
Index(
    "uq_tickets_not_closed",
    tickets.c.device,
    tickets.c.check,
    tickets.c.object,
    unique=True,
    sqlite_where=tickets.c.status != "closed",
    postgresql_where=tickets.c.status != "closed",
)

ticket_events = Table(
    "ticket_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", SafeText, ForeignKey("tickets.number"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("body", LargeBinary, nullable=False),  # codec.pack(TicketChange)
)

ticket_days = Table(
    "ticket_days",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),  # the last number given that day
)

runs = Table(
    "runs",
    METADATA,
    Column("id", SafeText, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("summary", LargeBinary, nullable=False),  # codec.pack(rows.RunSummary)
    Column("body", LargeBinary, nullable=False),  # bodies.pack_run
)

taken_in = Table(
    "taken_in",
    METADATA,
    Column("id", SafeText, primary_key=True),  # of a spooled run that is now in the store
    Column("at", UtcDateTime, nullable=False),
)

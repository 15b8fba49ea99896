"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _what_was_measured()
    _findings()
    _tickets()
    _runs()


def _instant(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *more: sa.ForeignKey) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *more, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _body(name: str = "body") -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _key() -> list[sa.Column[str]]:
    return [_text("device"), _text("check"), _text("object")]


def _what_was_measured() -> None:
    op.create_table("snapshots", _text("device"), _instant("taken_at"), _body(), sa.PrimaryKeyConstraint("device"))
    op.create_table("tracks", _text("device"), _instant("updated_at"), _body(), sa.PrimaryKeyConstraint("device"))


def _findings() -> None:
    op.create_table(
        "findings",
        _text("id"),
        *_key(),
        _text("state"),
        _number("severity"),
        sa.Column("held", sa.Boolean, nullable=False),
        _instant("first_seen"),
        _instant("last_seen"),
        _instant("cleared_at", nullable=True),
        _number("times_seen"),
        _body("result"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device", "check", "object", name="uq_findings_device_check_object"),
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        _text("number"),
        _text("finding", sa.ForeignKey("findings.id")),
        *_key(),
        _number("severity"),
        _number("fault_level"),
        _text("status"),
        _instant("opened_at"),
        *(_instant(f"due_{clock}", nullable=True) for clock in ("response", "on_site", "fix")),
        *(_instant(f"{stamp}_at", nullable=True) for stamp in ("responded", "on_site", "resolved", "closed")),
        _text("site"),
        _text("customer"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_tickets_device", "tickets", ["device"])
    op.create_index("ix_tickets_opened_at", "tickets", ["opened_at"])
    not_closed = sa.column("status", sa.Text) != "closed"
    op.create_index(
        "uq_tickets_not_closed",
        "tickets",
        ["device", "check", "object"],
        unique=True,
        sqlite_where=not_closed,
        postgresql_where=not_closed,
    )
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.Integer, primary_key=True),
        _text("number", sa.ForeignKey("tickets.number")),
        _instant("at"),
        _text("actor"),
        _text("action"),
        _body(),
    )
    op.create_index("ix_ticket_events_number", "ticket_events", ["number"])
    op.create_table(
        "ticket_days", sa.Column("day", sa.Date, nullable=False), _number("last"), sa.PrimaryKeyConstraint("day")
    )


def _runs() -> None:
    op.create_table(
        "runs",
        _text("id"),
        _instant("started_at"),
        _instant("finished_at"),
        _body("summary"),
        _body(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    op.create_table("taken_in", _text("id"), _instant("at"), sa.PrimaryKeyConstraint("id"))

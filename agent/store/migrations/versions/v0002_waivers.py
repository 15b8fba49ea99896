"""Findings that a person accepted, and what was decided of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the waiver of a finding, and the table of decisions."""
    op.add_column("findings", sa.Column("waiver", sa.LargeBinary, nullable=True))
    op.create_table(
        "finding_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("finding", sa.Text, sa.ForeignKey("findings.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_finding_events_finding", "finding_events", ["finding"])

"""When the fault of a ticket came back last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what came back before, it stays empty."""
    op.add_column("tickets", sa.Column("recurred_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_tickets_recurred_at", "tickets", ["recurred_at"])

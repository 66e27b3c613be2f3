"""Where people have logged in from, so that guesses from elsewhere do not lock them out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0004."""
    op.create_table(
        "agentmesh_login_places",
        sa.Column("user_name", KEY, nullable=False),
        sa.Column("place", KEY, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "place", name="pk_agentmesh_login_places"),
        sa.ForeignKeyConstraint(
            ["user_name"],
            ["agentmesh_users.name"],
            name="fk_agentmesh_login_places_user_name",
            ondelete="CASCADE",
        ),
    )

"""What the web process keeps: people, and what triggers look at."""

import json
from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
EVENT_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From 0001."""
    with op.batch_alter_table("agentmesh_events", table_kwargs={"sqlite_autoincrement": True}) as events:
        events.alter_column("project_id", existing_type=sa.Text(), nullable=True)
    op.create_index("ix_agentmesh_events_type_id", "agentmesh_events", ["type", "id"])
    _create_people()
    _create_triggers()
    _index_triggers()


def _create_people() -> None:
    roles = "role IN ('viewer', 'editor', 'approver', 'admin')"
    op.create_table(
        "agentmesh_users",
        sa.Column("name", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(roles, name=op.f("ck_agentmesh_users_role_is_known")),
        sa.PrimaryKeyConstraint("name", name="pk_agentmesh_users"),
    )
    op.create_table(
        "agentmesh_tokens",
        sa.Column("name", KEY, nullable=False),
        sa.Column("hash", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.CheckConstraint(roles, name=op.f("ck_agentmesh_tokens_role_is_known")),
        sa.PrimaryKeyConstraint("name", name="pk_agentmesh_tokens"),
        sa.UniqueConstraint("hash", name="uq_agentmesh_tokens_hash"),
    )
    op.create_table(
        "agentmesh_sessions",
        sa.Column("hash", KEY, nullable=False),
        sa.Column("user_name", KEY, nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_agentmesh_sessions"),
        sa.ForeignKeyConstraint(
            ["user_name"], ["agentmesh_users.name"], name="fk_agentmesh_sessions_user_name", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "agentmesh_login_links",
        sa.Column("hash", KEY, nullable=False),
        sa.Column("user_name", KEY, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("hash", name="pk_agentmesh_login_links"),
        sa.ForeignKeyConstraint(
            ["user_name"], ["agentmesh_users.name"], name="fk_agentmesh_login_links_user_name", ondelete="CASCADE"
        ),
    )
    for table in ("agentmesh_sessions", "agentmesh_login_links"):
        op.create_index(f"ix_{table}_user_name", table, ["user_name"])
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])
    op.create_table(
        "agentmesh_login_failures",
        sa.Column("who", KEY, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_agentmesh_login_failures"),
    )
    op.create_index("ix_agentmesh_login_failures_last_at", "agentmesh_login_failures", ["last_at"])


def _create_triggers() -> None:
    op.create_table(
        "agentmesh_triggers",
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("trigger", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("enabled_at", MOMENT),
        sa.CheckConstraint("kind IN ('event', 'run')", name=op.f("ck_agentmesh_triggers_kind_is_known")),
        sa.PrimaryKeyConstraint("workflow_id", "trigger", name="pk_agentmesh_triggers"),
    )
    op.create_index("ix_agentmesh_triggers_kind_source", "agentmesh_triggers", ["kind", "source"])
    op.create_table(
        "agentmesh_posted_events",
        sa.Column("name", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("posted_at", MOMENT, nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "event_id", name="pk_agentmesh_posted_events"),
    )
    op.create_table(
        "agentmesh_deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("trigger", KEY, nullable=False),
        sa.Column("event_name", KEY),
        sa.Column("event_id", KEY),
        sa.Column("ended_id", EVENT_ID),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at", MOMENT),
        sa.Column("instance_id", KEY),
        sa.Column("run_id", KEY),
        sa.Column("reason", sa.Text()),
        sa.CheckConstraint(
            "state IN ('waiting', 'requested', 'launched', 'declined', 'failed', 'missed')",
            name=op.f("ck_agentmesh_deliveries_state_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agentmesh_deliveries"),
        sa.ForeignKeyConstraint(
            ["event_name", "event_id"],
            ["agentmesh_posted_events.name", "agentmesh_posted_events.event_id"],
            name="fk_agentmesh_deliveries_event_name",
        ),
        sa.ForeignKeyConstraint(["ended_id"], ["agentmesh_events.id"], name="fk_agentmesh_deliveries_ended_id"),
    )
    op.create_index(
        "ix_agentmesh_deliveries_workflow_id_trigger_state",
        "agentmesh_deliveries",
        ["workflow_id", "trigger", "state"],
    )


def _index_triggers() -> None:
    """Writes down what the workflows that are stored already wait for."""
    documents = op.get_bind().execute(
        sa.text(
            "SELECT e.id, e.updated_at, r.document FROM agentmesh_entities e"
            " JOIN agentmesh_revisions r ON r.revision = e.revision"
            " WHERE e.kind = 'workflow' AND r.document LIKE '%\"triggers\":[{%'"
        ).columns(id=KEY, updated_at=MOMENT, document=sa.Text())
    )
    rows = [row for found in documents.all() for row in _list_triggers(found.id, found.updated_at, found.document)]
    if rows:
        columns: list[sa.ColumnClause[Any]] = [
            sa.column(name) for name in ("workflow_id", "trigger", "kind", "source", "status")
        ]
        op.bulk_insert(sa.table("agentmesh_triggers", *columns, sa.column("enabled_at", MOMENT)), rows)


def _list_triggers(workflow_id: str, updated_at: Any, document: str) -> list[dict[str, Any]]:
    try:
        triggers = json.loads(document)["triggers"]
        wanted = [trigger for trigger in triggers if trigger["type"] in ("event", "run")]
        return _number_triggers(workflow_id, updated_at, wanted)
    except (ValueError, KeyError, TypeError):
        return []  # edited by hand; such a workflow does not run


def _number_triggers(workflow_id: str, updated_at: Any, triggers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: Counter[tuple[str, ...]] = Counter()
    rows: list[dict[str, Any]] = []
    for trigger in triggers:
        kind: str = trigger["type"]
        awaited: list[str] = [trigger["name"]] if kind == "event" else [trigger["status"], trigger["workflow"]]
        seen[kind, *awaited] += 1
        rows.append(
            {
                "workflow_id": workflow_id,
                "trigger": ":".join([kind, str(seen[kind, *awaited]), *awaited]),
                "kind": kind,
                "source": awaited[-1],
                "status": None if kind == "event" else awaited[0],
                "enabled_at": updated_at if trigger.get("enabled", True) else None,
            }
        )
    return rows

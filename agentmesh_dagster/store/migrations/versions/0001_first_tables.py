"""The first tables: catalogue, runs, steps, events and gates."""

# Written out, not imported from `tables.py`: that file goes on, this one must not.

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
EVENT_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "agentmesh_catalogue",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_agentmesh_catalogue_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_agentmesh_catalogue"),
    )
    op.create_table(
        "agentmesh_events",
        sa.Column("id", EVENT_ID, nullable=False),
        sa.Column("timestamp", MOMENT, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("run_id", KEY),
        sa.Column("step_id", KEY),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agentmesh_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_agentmesh_events_run_id_id", "agentmesh_events", ["run_id", "id"])
    op.create_table(
        "agentmesh_job_names",
        sa.Column("job_name", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.PrimaryKeyConstraint("job_name", name="pk_agentmesh_job_names"),
        sa.UniqueConstraint("workflow_id", "name", name="uq_agentmesh_job_names_workflow_id_name"),
    )
    op.create_table(
        "agentmesh_revisions",
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("entity_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("document", sa.Text()),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.CheckConstraint(
            "kind IN ('project', 'agent', 'tool', 'workflow')",
            name=op.f("ck_agentmesh_revisions_kind_is_known"),
        ),
        sa.PrimaryKeyConstraint("revision", name="pk_agentmesh_revisions"),
    )
    op.create_index(
        "ix_agentmesh_revisions_kind_entity_id_revision",
        "agentmesh_revisions",
        ["kind", "entity_id", "revision"],
    )
    op.create_table(
        "agentmesh_runs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workflow_id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("job_name", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("output", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("launched_by", sa.Text()),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'succeeded', 'failed', 'canceled')",
            name=op.f("ck_agentmesh_runs_status_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agentmesh_runs"),
    )
    op.create_index("ix_agentmesh_runs_created_at_id", "agentmesh_runs", ["created_at", "id"])
    op.create_index("ix_agentmesh_runs_project_id_created_at_id", "agentmesh_runs", ["project_id", "created_at", "id"])
    op.create_index("ix_agentmesh_runs_status_created_at_id", "agentmesh_runs", ["status", "created_at", "id"])
    op.create_index(
        "ix_agentmesh_runs_workflow_id_created_at_id", "agentmesh_runs", ["workflow_id", "created_at", "id"]
    )
    op.create_table(
        "agentmesh_entities",
        sa.Column("kind", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY),
        sa.Column("name", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('project', 'agent', 'tool', 'workflow')",
            name=op.f("ck_agentmesh_entities_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(["revision"], ["agentmesh_revisions.revision"], name="fk_agentmesh_entities_revision"),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_agentmesh_entities"),
    )
    op.create_index("ix_agentmesh_entities_kind_name_id", "agentmesh_entities", ["kind", "name", "id"])
    op.create_index(
        "ix_agentmesh_entities_kind_project_id_name_id",
        "agentmesh_entities",
        ["kind", "project_id", "name", "id"],
    )
    op.create_table(
        "agentmesh_launches",
        sa.Column("launch_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("instance_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("submitted_at", MOMENT),
        sa.Column("parked_at", MOMENT),
        sa.Column("lease_expires_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name="fk_agentmesh_launches_run_id"),
        sa.PrimaryKeyConstraint("launch_id", name="pk_agentmesh_launches"),
        sa.UniqueConstraint("run_id", "position", name="uq_agentmesh_launches_run_id_position"),
    )
    op.create_index("ix_agentmesh_launches_lease_expires_at", "agentmesh_launches", ["lease_expires_at"])
    op.create_table(
        "agentmesh_steps",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("node_id", KEY, nullable=False),
        sa.Column("visit", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("item", sa.Integer(), server_default=sa.text("-1"), nullable=False),
        sa.Column("node_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("input", sa.Text()),
        sa.Column("output", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("taken", sa.Text()),
        sa.Column("item_count", sa.Integer()),
        sa.Column("parent_step_ids", sa.Text(), nullable=False),
        sa.Column("launch_id", KEY),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("lease_expires_at", MOMENT),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.CheckConstraint(
            "node_type IN ('start', 'end', 'agent', 'tool', 'branch', 'human_approval')",
            name=op.f("ck_agentmesh_steps_node_type_is_known"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'succeeded', 'failed', 'waiting_human', 'skipped', 'canceled')",
            name=op.f("ck_agentmesh_steps_status_is_known"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name="fk_agentmesh_steps_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agentmesh_steps"),
        sa.UniqueConstraint("run_id", "node_id", "visit", "item", name="uq_agentmesh_steps_run_id_node_id_visit_item"),
    )
    op.create_index("ix_agentmesh_steps_run_id_status", "agentmesh_steps", ["run_id", "status"])
    op.create_index("ix_agentmesh_steps_status_lease_expires_at", "agentmesh_steps", ["status", "lease_expires_at"])
    op.create_table(
        "agentmesh_gates",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("schema", sa.Text()),
        sa.Column("assignees", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("deadline_at", MOMENT),
        sa.Column("on_deadline", sa.Text()),
        sa.Column("notify_url", sa.Text()),
        sa.Column("notice_due_at", MOMENT),
        sa.Column("notice_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_via", sa.Text()),
        sa.Column("answered_at", MOMENT),
        sa.Column("seen_hash", sa.Text()),
        sa.Column("launch_id", KEY),
        sa.CheckConstraint(
            "on_deadline IN ('fail', 'approve', 'reject')",
            name=op.f("ck_agentmesh_gates_on_deadline_is_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'expired', 'canceled')",
            name=op.f("ck_agentmesh_gates_state_is_known"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["agentmesh_runs.id"], name="fk_agentmesh_gates_run_id"),
        sa.ForeignKeyConstraint(["step_id"], ["agentmesh_steps.id"], name="fk_agentmesh_gates_step_id"),
        sa.PrimaryKeyConstraint("step_id", name="pk_agentmesh_gates"),
    )
    op.create_index("ix_agentmesh_gates_run_id", "agentmesh_gates", ["run_id"])
    op.create_index("ix_agentmesh_gates_state_opened_at", "agentmesh_gates", ["state", "opened_at"])
    op.execute("INSERT INTO agentmesh_catalogue (id, revision) VALUES (1, 0)")

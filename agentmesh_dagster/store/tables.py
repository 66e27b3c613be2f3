"""The tables of the store, the same on SQLite and PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.entities.json_values import JsonValue, read_json, write_json
from agentmesh_dagster.entities.models import Kind, OnLimit, RunStatus, StepStatus

PREFIX = "agentmesh_"  # Dagster's own storage has tables `runs` and `alembic_version`, maybe in this very database


class Json(TypeDecorator[JsonValue]):
    """A JSON value kept as its exact text: numbers and the order of keys come back as they were.

    Python's None is JSON's `null`. For "there is no value" leave the column out of an insert, or write
    `sqlalchemy.null()`: SQL NULL. Both read as None; `column.is_(None)` finds SQL NULL alone.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: JsonValue, dialect: Dialect) -> str:  # noqa: ARG002
        return write_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> JsonValue:  # noqa: ARG002
        # No limit of size here: what was accepted once is read back, also after the limit was lowered.
        return None if value is None else read_json(value, max_bytes=len(value) * 4, is_stored=True)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; a datetime without a time zone is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        moment = value.astimezone(UTC)
        # SQLite keeps text without a zone, whose order is the order in time.
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


# PostgreSQL sorts by its locale unless told; SQLite, and a cursor made on either, by code point.
Key = Text().with_variant(Text(collation="C"), "postgresql")
EventId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only in INTEGER

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# One row. Every writer of the catalogue locks it first, so that revisions appear in their order.
catalogue = Table(
    PREFIX + "catalogue",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# Rows are only added.
revisions = Table(
    PREFIX + "revisions",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("kind", Key, nullable=False),
    Column("entity_id", Key, nullable=False),
    Column("name", Key, nullable=False),  # as in the document; known also when the document cannot be read
    Column("document", Text),  # canonical JSON, read one by one: a broken one must not stop a query; NULL: deleted
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("note", Text),
    _one_of("kind", Kind),
    Index(None, "kind", "entity_id", "revision"),
)

# The newest revision of each entity.
entities = Table(
    PREFIX + "entities",
    metadata,
    Column("kind", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("project_id", Key),  # NULL: a project itself
    Column("name", Key, nullable=False),
    Column("revision", Integer, ForeignKey(revisions.c.revision), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    _one_of("kind", Kind),
    Index(None, "kind", "name", "id"),
    Index(None, "kind", "project_id", "name", "id"),
)

# What is being written beside the newest revision; at most one for each entity, and nothing runs it.
drafts = Table(
    PREFIX + "drafts",
    metadata,
    Column("version", EventId, primary_key=True),  # a new one at each save, and never given twice
    Column("kind", Key, nullable=False),
    Column("entity_id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("base_revision", Integer),  # of the entity, when the author began; NULL: there was none
    Column("fields", Json, nullable=False),  # as the author sent them; they may hold issues
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", Text, nullable=False),
    _one_of("kind", (Kind.WORKFLOW, Kind.AGENT, Kind.TOOL)),
    UniqueConstraint("kind", "entity_id"),
    Index(None, "project_id", "saved_at"),
    sqlite_autoincrement=True,
)

# Which job stands for which name of which workflow; kept for ever, so that a job never changes hands.
job_names = Table(
    PREFIX + "job_names",
    metadata,
    Column("job_name", Key, primary_key=True),
    Column("workflow_id", Key, nullable=False),
    Column("name", Key, nullable=False),
    UniqueConstraint("workflow_id", "name"),
)

# Why a workflow has no job in a code location, as that location found when it was last loaded.
job_problems = Table(
    PREFIX + "job_problems",
    metadata,
    Column("location", Key, primary_key=True),
    Column("workflow_id", Key, primary_key=True),
    Column("problem", Text, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Index(None, "workflow_id"),
)

# The functions that tools may name, as a code location knew them when it was last loaded.
tool_functions = Table(
    PREFIX + "tool_functions",
    metadata,
    Column("location", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("description", Text, nullable=False),
    Column("input_schema", Json, nullable=False),
    Column("output_schema", Json, nullable=False),
    Column("problem", Text),
    Column("reported_at", UtcDateTime, nullable=False),
)

# No foreign key to `entities`: a workflow may be deleted while its runs stay.
runs = Table(
    PREFIX + "runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workflow_id", Key, nullable=False),
    Column("project_id", Key, nullable=False),
    Column("job_name", Key, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("input", Json, nullable=False),
    Column("output", Json),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("launched_by", Text),
    Column("forked_from_run_id", Key),  # of a fork: the run that it goes on from, which may have been pruned since
    Column("forked_from_node_id", Key),
    Column("forked_from_path", Key),
    Column("queued_at", UtcDateTime),  # since when a pending run waits for a place, or from when on; NULL: it has one
    Column("parent_run_id", Key),  # of whose step this run is the work; NULL: of none
    Column("parent_step_id", Key),
    Column("budget_keys", Json),  # of the budgets of runs around it, toward which it counts too; NULL: none
    _one_of("status", RunStatus),
    Index(None, "created_at", "id"),
    Index(None, "workflow_id", "created_at", "id"),
    Index(None, "project_id", "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    Index(None, "workflow_id", "status", "created_at", "id"),
    Index(None, "project_id", "status", "created_at", "id"),
    Index(None, "forked_from_run_id"),
    Index(None, "queued_at"),  # most have none
    Index(None, "parent_run_id", "created_at", "id"),
)

# Runs that make a version of an asset, which others do not: what each was asked for, and how its checks came out.
materializations = Table(
    PREFIX + "materializations",
    metadata,
    Column("run_id", Key, ForeignKey(runs.c.id), primary_key=True),
    Column("asset_key", Key, nullable=False),  # parts with `/` between them
    Column("partition", Key),  # its key; NULL: the asset has none
    Column("backfill_id", Key),  # Dagster's, if one asked for it
    Column("facade_id", Key),  # the Dagster run of which one step executes the run's first launch; NULL: none does
    Column("partition_facts", Json, nullable=False),  # context.partition; null: the asset has no partitions
    Column("upstream", Json, nullable=False),  # context.upstream, as it was at the launch
    Column("verdicts", Json),  # of the checks, decided as the run ended; NULL: not all of its work is done
    Index(None, "asset_key", "partition"),
    Index(None, "backfill_id"),
)

# How many runs of a live workflow may be open at once. Whoever gives a run its place locks the row first.
run_limits = Table(
    PREFIX + "run_limits",
    metadata,
    Column("workflow_id", Key, primary_key=True),
    Column("max_runs", Integer, nullable=False),
    Column("on_limit", Text, nullable=False),
    _one_of("on_limit", OnLimit),
)

# What model calls may use up, and have used up. Whoever changes a row, or those of `model_calls`, locks it first.
budgets = Table(
    PREFIX + "budgets",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id)),  # NULL: of a project's day
    Column("name", Text, nullable=False),  # whose it is, in words
    Column("limits", Json, nullable=False),  # by name: usd, tokens, calls, seconds
    Column("usd", Float, nullable=False, server_default=text("0")),  # of calls that have ended, as the next three
    Column("tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("calls", BigInteger, nullable=False, server_default=text("0")),
    Column("seconds", Float, nullable=False, server_default=text("0")),
    Column("largest_usd", Float, nullable=False, server_default=text("0")),  # of one call
    Column("largest_tokens", BigInteger, nullable=False, server_default=text("0")),
    Index(None, "run_id"),
)

# Model calls that have begun and not ended, once for each budget. Behind its time a call counts as if it had ended with
# what it may cost: whoever made it is gone.
model_calls = Table(
    PREFIX + "model_calls",
    metadata,
    Column("budget_key", Key, ForeignKey(budgets.c.key), primary_key=True),
    Column("id", Key, primary_key=True),
    Column("usd", Float, nullable=False),  # what it may cost, as far as that can be told
    Column("tokens", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# What models were asked for, by day (UTC). The model is the one that answered.
model_use = Table(
    PREFIX + "model_use",
    metadata,
    Column("day", Key, primary_key=True),
    Column("project_id", Key, primary_key=True),
    Column("workflow_id", Key, primary_key=True),
    Column("provider", Key, primary_key=True),
    Column("model", Key, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("usd", Float, nullable=False),  # of calls whose price is known
)

# How many steps have failed for good, by day (UTC).
step_failures = Table(
    PREFIX + "step_failures",
    metadata,
    Column("day", Key, primary_key=True),
    Column("project_id", Key, primary_key=True),
    Column("workflow_id", Key, primary_key=True),
    Column("code", Key, primary_key=True),
    Column("steps", BigInteger, nullable=False),
)

launches = Table(
    PREFIX + "launches",
    metadata,
    Column("launch_id", Key, primary_key=True),  # the Dagster run's id
    Column("run_id", Key, ForeignKey(runs.c.id), nullable=False),
    Column("instance_id", Key, nullable=False),  # which Dagster instance keeps it: only that one knows its status
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),  # when Dagster had taken it
    Column("parked_at", UtcDateTime),  # when its work was done and its run began to wait for a person
    Column("lease_expires_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("revision", Integer, nullable=False),
    Column("retried_by", Text),  # who retried its run with it
    UniqueConstraint("run_id", "position"),
    Index(None, "lease_expires_at"),
    Index(None, "ended_at", "parked_at"),  # most have ended
)

steps = Table(
    PREFIX + "steps",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id), nullable=False),
    Column("node_id", Key, nullable=False),
    Column("node_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("input", Json),
    Column("output", Json),
    Column("error", Text),
    Column("taken", Json),  # ids of the out-edges that were taken; of a step that failed: NULL, unless it was caught
    Column("item_count", Integer),
    Column("parent_step_ids", Json, nullable=False),
    Column("launch_id", Key),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Column("owner", Text),
    Column("lease_expires_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("taken_from_run_id", Key),  # the run that did its work, where another took it over
    Column("path", Key, nullable=False),  # where it stands: as `graph.address.write_path` writes it
    Column("edited_by", Text),  # who gave the output, instead of the run that did the work
    Column("code", Text),  # why it failed, in a word
    Column("used_fallback", Boolean, nullable=False, server_default=false()),  # its output is that of `onError`
    _one_of("status", StepStatus),
    UniqueConstraint("run_id", "node_id", "path"),
    Index(None, "run_id", "status"),
    Index(None, "status", "lease_expires_at"),
)
# Few steps use theirs, and each list of runs asks for them.
Index(
    "ix_agentmesh_steps_fallbacks",
    steps.c.run_id,
    sqlite_where=steps.c.used_fallback.is_(True),
    postgresql_where=steps.c.used_fallback.is_(True),
)

events = Table(
    PREFIX + "events",
    metadata,
    Column("id", EventId, primary_key=True),
    Column("timestamp", UtcDateTime, nullable=False),
    Column("project_id", Key),
    Column("run_id", Key),
    Column("step_id", Key),
    Column("type", Text, nullable=False),
    Column("payload", Json, nullable=False),
    Index(None, "run_id", "id"),
    Index(None, "type", "id"),
    Index(None, "project_id", "type", "id"),
    sqlite_autoincrement=True,  # an id is never given twice
)

# What the agent of a step that has not succeeded has done so far: another attempt goes on from there.
journal = Table(
    PREFIX + "journal",
    metadata,
    Column("step_id", Key, ForeignKey(steps.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # 0 for the first
    Column("kind", Text, nullable=False),
    Column("digest", Key, nullable=False),  # of what it answers
    Column("value", Json, nullable=False),
    _one_of("kind", ("reply", "result")),
)

# What each step that waits, or has waited, waits for; the newest of each step.
waits = Table(
    PREFIX + "waits",
    metadata,
    Column("step_id", Key, ForeignKey(steps.c.id), primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),  # when it ends by itself; NULL: never
    Column("closed_by", Text),
    Column("closed_at", UtcDateTime),
    Column("launch_id", Key),  # which goes on from there
    Column("event_name", Key),  # of the posted event that is waited for
    Column("looked_to", Integer),  # position of the last event of that name that was looked at
    _one_of("state", ("open", "closed", "expired", "canceled")),
    Index(None, "run_id"),
    Index(None, "state", "opened_at"),
    Index(None, "state", "due_at"),
    Index(None, "event_name", "state"),
    Index(None, "closed_at", "step_id"),
)

# The addresses that were given out for waits for a callback, maybe long before these were reached.
# What tools got that is no text.
files = Table(
    PREFIX + "files",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content", Text),  # in base64; NULL: it is at the address
    Column("address", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "run_id"),
)

callbacks = Table(
    PREFIX + "callbacks",
    metadata,
    Column("token_hash", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id), nullable=False),
    Column("step_id", Key, nullable=False),  # of the wait; it may not have begun
    Column("body", Json),
    Column("received_at", UtcDateTime),  # NULL: nothing has come
    Index(None, "run_id"),
    Index(None, "step_id"),
)

# With what the store signs; each is made at random when it is first asked for.
keys = Table(
    PREFIX + "keys",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Text, nullable=False),  # 256 bits in hex
)

# The run that a step waits for, or has waited for last.
children = Table(
    PREFIX + "children",
    metadata,
    Column("step_id", Key, ForeignKey(steps.c.id), primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id), nullable=False),  # of that step
    Column("child_run_id", Key, nullable=False),  # it may not be there yet
    Column("number", Integer, nullable=False),  # of the runs that the step has asked for, from 0
    Column("workflow_id", Key, nullable=False),
    Column("input", Json, nullable=False),
    Column("state", Text, nullable=False),
    _one_of("state", ("queued", "due", "started")),
    Index(None, "run_id"),
    Index(None, "child_run_id"),
)

# What the waits for a person ask, and what was answered.
gates = Table(
    PREFIX + "gates",
    metadata,
    Column("step_id", Key, ForeignKey(waits.c.step_id), primary_key=True),
    Column("instructions", Text, nullable=False),
    Column("payload", Json),
    Column("schema", Json),
    Column("assignees", Json, nullable=False),
    Column("on_deadline", Text),
    Column("notify_url", Text),
    Column("notice_due_at", UtcDateTime),  # when to tell notify_url next; NULL: told, given up, or nobody to tell
    Column("notice_attempts", Integer, nullable=False, server_default=text("0")),
    Column("answer", Json),
    Column("answered_via", Text),
    Column("seen_hash", Text),
    Column("taken_from_run_id", Key),  # the run whose answer this is, where another took it over
    _one_of("on_deadline", ("fail", "approve", "reject")),
)

# How a gate was asked before it was asked anew; rows are only added.
gate_history = Table(
    PREFIX + "gate_history",
    metadata,
    Column("step_id", Key, ForeignKey(steps.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # 0 for the first
    Column("state", Text, nullable=False),
    Column("instructions", Text, nullable=False),
    Column("payload", Json),
    Column("assignees", Json, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime),
    Column("answer", Json),
    Column("answered_by", Text),
    Column("answered_via", Text),
    Column("answered_at", UtcDateTime),
    Column("seen_hash", Text),
    _one_of("state", ("answered", "expired", "canceled")),
    Index(None, "answered_at", "step_id"),
)

users = Table(
    PREFIX + "users",
    metadata,
    Column("name", Key, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),  # Argon2id; NULL: logs in by a link alone
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("role", Role),
)

# For scripts. Of this and all other secrets only a SHA-256 hash is kept: they are random, 256 bits long.
tokens = Table(
    PREFIX + "tokens",
    metadata,
    Column("name", Key, primary_key=True),
    Column("hash", Key, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    _one_of("role", Role),
    UniqueConstraint("hash"),
)

sessions = Table(
    PREFIX + "sessions",
    metadata,
    Column("hash", Key, primary_key=True),
    Column("user_name", Key, ForeignKey(users.c.name, ondelete="CASCADE"), nullable=False),
    Column("via", Text, nullable=False),  # how the person logged in: password, link
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_name"),
    Index(None, "expires_at"),
)

login_links = Table(
    PREFIX + "login_links",
    metadata,
    Column("hash", Key, primary_key=True),
    Column("user_name", Key, ForeignKey(users.c.name, ondelete="CASCADE"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index(None, "user_name"),
    Index(None, "expires_at"),
)

# Failed logins of a name or an address, for the slow-down that all web processes share.
login_failures = Table(
    PREFIX + "login_failures",
    metadata,
    Column("who", Key, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Index(None, "last_at"),
)

# Where people have logged in from: guesses from elsewhere do not keep them waiting there.
login_places = Table(
    PREFIX + "login_places",
    metadata,
    Column("user_name", Key, ForeignKey(users.c.name, ondelete="CASCADE"), primary_key=True),
    Column("place", Key, primary_key=True),  # an IPv4 address, or an IPv6 network
    Column("last_at", UtcDateTime, nullable=False),
)

# What the live workflows wait for. Kept beside their documents, so that an event finds its triggers by an index.
triggers = Table(
    PREFIX + "triggers",
    metadata,
    Column("workflow_id", Key, primary_key=True),
    Column("trigger", Key, primary_key=True),  # `GraphTrigger.key`
    Column("kind", Text, nullable=False),
    Column("source", Key, nullable=False),  # the event's name, the workflow's id, the asset's key, or times
    Column("status", Text),  # how that must have ended
    Column("enabled_at", UtcDateTime),  # since when the document has it enabled; NULL: it has not
    Index(None, "kind", "source"),
)

posted_events = Table(
    PREFIX + "posted_events",
    metadata,
    Column("name", Key, primary_key=True),
    Column("event_id", Key, primary_key=True),  # as the sender names it
    Column("body", Json, nullable=False),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("posted_by", Text, nullable=False),
    Column("position", Integer),  # counts the events of a name; NULL: it came before steps waited for events
    Column("taken_by", Key),  # id of the step that waited for it
    Index(None, "posted_at"),
    Index(None, "name", "position"),
)

# One row for each event, end of a run or version of an asset, and each trigger that waited for it. The first two are
# written in the same transaction as what they deliver.
deliveries = Table(
    PREFIX + "deliveries",
    metadata,
    Column("id", Key, primary_key=True),  # follows from what it delivers and to which trigger
    Column("workflow_id", Key, nullable=False),
    Column("trigger", Key, nullable=False),
    Column("event_name", Key),  # with event_id: the posted event
    Column("event_id", Key),
    Column("ended_id", EventId, ForeignKey(events.c.id)),  # or else: the event that says how a run ended
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_at", UtcDateTime),  # when a sensor asked Dagster for a run, the last time
    Column("instance_id", Key),  # the Dagster instance that was asked
    Column("run_id", Key),  # the one run that came of it
    Column("reason", Text),  # why no run came of it
    Column("asked_by", Key),  # the code location of that instance which asked
    Column("scheduled_at", UtcDateTime),  # the time of a cron trigger that it is
    Column("joined_id", Key),  # the delivery whose run it is part of, or that came in its place
    Column("version", Json),  # or else: the version of an asset that was made, as its trigger sees it
    _one_of("state", ("waiting", "requested", "launched", "declined", "failed", "missed", "skipped", "joined")),
    ForeignKeyConstraint(["event_name", "event_id"], [posted_events.c.name, posted_events.c.event_id]),
    Index(None, "workflow_id", "trigger", "state"),
    Index(None, "run_id"),
    Index(None, "ended_id"),
    Index(None, "event_name", "event_id"),
    Index(None, "workflow_id", "arrived_at"),
    Index(None, "joined_id"),
)

# Up to which materialization a trigger that waits for an asset has looked, in each Dagster instance.
asset_looks = Table(
    PREFIX + "asset_looks",
    metadata,
    Column("workflow_id", Key, primary_key=True),
    Column("trigger", Key, primary_key=True),
    Column("instance_id", Key, primary_key=True),
    Column("looked_to", EventId, nullable=False),  # id of the event in Dagster's storage; 0: it has seen none
)

# Addresses that third parties post to. Of the token in the address only a SHA-256 hash is kept.
hooks = Table(
    PREFIX + "hooks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("project_id", Key, nullable=False),
    Column("name", Key, nullable=False),
    Column("event_name", Key, nullable=False),  # what it posts
    Column("hash", Key, nullable=False),
    Column("settings", Json, nullable=False),  # how its signature and its delivery's id are read; no secret
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("rotated_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("last_refusal", Text),  # why the last one was refused, if it was
    UniqueConstraint("hash"),
    UniqueConstraint("project_id", "name"),
)

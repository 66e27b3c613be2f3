"""Launches in Dagster's UI and over GraphQL: who launched comes from the login, and no origin is forged."""

import copy
from collections.abc import Mapping
from typing import Any

import dagster as dg

from agentmesh_dagster.api.dagster_internals import PartitionBackfill
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.translator.run_tags import USER_TAG, keep_free_tags

_OF_REEXECUTIONS = ("dagster/parent_run_id", "dagster/root_run_id")


class _SignedInstance(dg.DagsterInstance):
    """An instance for one request; all that it launches bears the name of whoever asks."""

    launched_by: str

    def create_run(self, **options: Any) -> dg.DagsterRun:
        snapshot = options.get("job_snapshot")
        tags = self._sign(options.get("tags"), snapshot.tags if snapshot is not None else None)
        if options.get("parent_run_id") is None:  # no re-execution, whatever the tags say
            tags = {key: value for key, value in tags.items() if key not in _OF_REEXECUTIONS}
        options["tags"] = tags
        return super().create_run(**options)  # pyright: ignore[reportUnknownMemberType]

    def create_reexecuted_run(self, **options: Any) -> dg.DagsterRun:
        options["extra_tags"] = self._sign(options.get("extra_tags"))
        return super().create_reexecuted_run(**options)

    def add_backfill(self, partition_backfill: PartitionBackfill) -> None:
        super().add_backfill(partition_backfill._replace(tags=self._sign(partition_backfill.tags)))

    def _sign(self, tags: Mapping[str, str] | None, own: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**keep_free_tags(tags or {}, own), USER_TAG: self.launched_by}


def sign_launches(instance: dg.DagsterInstance, identity: Identity) -> dg.DagsterInstance:
    """The same instance, its storages included, for what `identity` launches."""
    signed = copy.copy(instance)
    kind = type(instance)
    signed.__class__ = type(kind.__name__, (_SignedInstance, kind), {"launched_by": identity.name})
    return signed

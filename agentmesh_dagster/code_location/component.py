"""The component for `dg` projects: `type: agentmesh_dagster.AgentMeshWorkflows`."""

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, Literal

import dagster as dg
from pydantic import BaseModel, Field

from agentmesh_dagster.code_location.definitions import build_definitions
from agentmesh_dagster.code_location.options import InvalidOptions
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.translator.executor import get_executor

Executor = Literal["threads", "in_process", "multiprocess", "celery"]


class ScaffoldParams(BaseModel):
    """What `dg scaffold defs agentmesh_dagster.AgentMeshWorkflows NAME` can be told."""

    database_url: str | None = Field(default=None, description="SQLAlchemy URL of the store.")
    job_prefix: str | None = Field(default=None, description="Stands before the name of each job and trigger.")


class WorkflowsScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes a `defs.yaml` that loads as it is."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        dg.scaffold_component(request, request.params.model_dump(exclude_none=True))


def _resolve_hooks(context: Any, names: Sequence[str] | None) -> list[dg.HookDefinition]:
    """`context` is a dg.ResolutionContext, whose types are partly unknown."""
    return [_import_hook(context.resolve_value(name, as_type=str)) for name in names or ()]


def _import_hook(name: str) -> dg.HookDefinition:
    module, _, attribute = name.rpartition(".")
    if not module:
        raise InvalidOptions(f"hooks: `{name}` names no module; write it as `my_project.hooks.tell_slack`")
    found: Any = getattr(import_module(module), attribute, None)
    if not isinstance(found, dg.HookDefinition):
        raise InvalidOptions(f"hooks: `{name}` is no hook of Dagster's, but {type(found).__name__}")
    return found


@dg.scaffold_with(WorkflowsScaffolder)
class AgentMeshWorkflows(dg.Component, dg.Model, dg.Resolvable):
    """The workflows of an AgentMesh store as Dagster jobs, with their schedules and sensors.

    Each workflow is a job; what people save in AgentMesh is there at the next reload of the code location. A workflow
    whose name this project uses already is left out, and `agentmesh list` says why.
    """

    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of the store; the setting AGENTMESH_DATABASE_URL unless given, else SQLite in"
        " AGENTMESH_HOME.",
        examples=["{{ env.AGENTMESH_DATABASE_URL }}", "postgresql://user:password@host/agentmesh"],
    )
    projects: list[str] | None = Field(
        default=None,
        description="Ids of the AgentMesh projects whose workflows are shown, triggered and resumed here; all unless"
        " given.",
        examples=[["support", "billing"]],
    )
    job_prefix: str = Field(
        default="",
        description="Stands before the name of each job, schedule and sensor, to keep them apart from your own.",
        examples=["agents_"],
    )
    executor: Executor | None = Field(
        default=None, description="How steps are executed; the setting AGENTMESH_EXECUTOR unless given."
    )
    owners: list[str] = Field(
        default_factory=list[str],
        description="Owners of each job: mail addresses, or teams as `team:name`.",
        examples=[["team:support", "ada@example.com"]],
    )
    tags: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Tags of each job and of its runs.",
        examples=[{"team": "support"}],
    )
    hooks: Annotated[
        list[Any],  # dg.HookDefinition, which pydantic would take apart: it is a named tuple
        dg.Resolver(
            _resolve_hooks,
            model_field_type=list[str],
            description="Hooks for each step, by module and name.",
            examples=[["my_project.hooks.tell_slack"]],
        ),
    ] = Field(default_factory=list[Any])
    resource_keys: list[str] = Field(
        default_factory=list[str],
        description="Resources of this project for function tools: a parameter of that name gets the resource.",
        examples=[["warehouse"]],
    )

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        return dg.ComponentTypeSpec(
            description="The workflows of an AgentMesh store as jobs, schedules and sensors.",
            owners=["team:agentmesh"],
            tags=["agents", "llm", "approval"],
            produces=["job", "schedule", "sensor"],
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        return build_definitions(
            database_url=self.database_url,
            executor=get_executor(self.executor, get_settings()) if self.executor else None,
            projects=self.projects,
            job_prefix=self.job_prefix,
            owners=self.owners,
            tags=self.tags,
            hooks=self.hooks,
            resource_keys=self.resource_keys,
        )

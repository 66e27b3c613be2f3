"""Facades: where one Dagster run makes several assets, an op for each workflow, which executes the workflow's run.

It does that in its own process and then tells what was made, so what is made from that in the same run goes on. A run
that comes to a gate is left to itself: the op yields nothing, and the run's later launches tell what they have made.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.made import read_made
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import link_run
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.translator.asset_specs import build_assets_definition, build_outs, name_inputs
from agentmesh_dagster.translator.materialize import Told, tell


@dataclass(frozen=True)
class Facade:
    """A workflow that gives an asset, as a code location has it."""

    plan: Plan
    job_name: str  # of its own job there
    services: Services
    execute: "Execute"


@dataclass(frozen=True)
class FacadeStep:
    """A step of a Dagster run that makes several assets."""

    facade: Facade
    run: dg.DagsterRun
    instance: dg.DagsterInstance
    job: Any  # what is executed, Dagster's `IJob`: where it is, the workflow's own job is too


# By the floor above, which knows how a run is launched: gives the launch's id, and ends it once the step has told.
Execute = Callable[[FacadeStep], AbstractContextManager[str]]


class FacadeOp(dg.OpDefinition):
    """The op of a facade: by it our assets are told from a host project's, also after Dagster has copied them."""

    def __init__(self, facade: Facade) -> None:
        workflow = facade.plan.workflow
        asset = workflow.asset
        assert asset is not None
        self.facade = facade
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            compute_fn=self._make,
            name=safe_name(asset.key.replace("/", "__") + "__asset"),
            ins={name: dg.In(dg.Nothing) for name in name_inputs(asset).values()},
            outs=build_outs(asset),
            description=f"Executes the workflow {workflow.name}.",
            tags={"kind": "workflow"},
        )

    def _make(self, context: dg.OpExecutionContext, _inputs: Mapping[str, Any]) -> Told:
        job = context.get_step_execution_context().job
        with self.facade.execute(FacadeStep(self.facade, context.run, context.instance, job)) as launch_id:
            yield from self._report(context, launch_id)

    def _report(self, context: dg.OpExecutionContext, launch_id: str) -> Told:
        services, plan = self.facade.services, self.facade.plan
        with services.store.read() as connection:
            launch = find_launch(connection, launch_id)
            assert launch is not None
            run, made = get_run(connection, launch.run_id), read_made(connection, plan, launch.run_id)
        where = link_run(services.settings, run.id) or f"`{run.id}`"
        if launch.parked_at is not None:  # what comes of it is told by a launch of its own
            context.log.info(f"The run waits, and goes on by itself: {where}. What is made from its asset is left out.")
            return
        if made is not None and launch.ended_at is None:  # else it was given up, and another one tells
            yield from tell(services, plan, made)
        if run.status is not RunStatus.SUCCEEDED:
            raise dg.Failure(f"{run.error} The run {where} {run.status.value}.", allow_retries=False)


def find_facade(made: object) -> Facade | None:
    """The workflow that gives an asset; None: it is somebody else's."""
    op = made.node_def if isinstance(made, dg.AssetsDefinition) and made.is_executable else None
    return op.facade if isinstance(op, FacadeOp) else None


def build_facade(facade: Facade) -> dg.AssetsDefinition:
    """The asset, its parts and its checks, made by an op that executes the workflow."""
    return build_assets_definition(facade.plan, FacadeOp(facade), facade.services.settings, has_inputs=True)

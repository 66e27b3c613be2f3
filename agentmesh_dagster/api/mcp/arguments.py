"""What the tools are called with; the schemas that agents see are made from these."""

from typing import Annotated, Any

from pydantic import Field

from agentmesh_dagster.entities.entity import Entity, Id
from agentmesh_dagster.entities.models import JsonObject, RunStatus

MAX_WAIT_SECONDS = 50  # clients give up a call after a minute

WaitSeconds = Annotated[
    float, Field(ge=0, le=MAX_WAIT_SECONDS, description="How long to wait for the run to end, or to wait for a person.")
]
RunId = Annotated[Id, Field(description="As `run_workflow` and `list_runs` give it.")]
WorkflowId = Annotated[Id, Field(description="As `list_workflows` gives it.")]
StepId = Annotated[Id, Field(description="As `list_gates`, `list_run_steps` or a run's `waitingOn` gives it.")]
ProjectId = Annotated[Id | None, Field(description="Only those of this project.")]


class Nothing(Entity):
    pass


class Page(Entity):
    limit: int = Field(default=20, ge=1, le=50, description="Items on a page.")
    cursor: str | None = Field(default=None, description="`nextCursor` of the page before.")


class WorkflowPage(Page):
    project_id: ProjectId = None


class OneWorkflow(Entity):
    workflow_id: WorkflowId


class NewRun(OneWorkflow):
    input: Any = Field(default_factory=dict[str, Any], description="What the workflow's `inputSchema` asks for.")
    wait_seconds: WaitSeconds = 20


class RunPage(Page):
    project_id: ProjectId = None
    workflow_id: Id | None = Field(default=None, description="Only the runs of this workflow.")
    status: RunStatus | None = Field(default=None, description="Only the runs that stand so.")
    waiting: bool | None = Field(default=None, description="Only the runs that wait for a person, or only the others.")


class OneRun(Entity):
    run_id: RunId


class WatchedRun(OneRun):
    wait_seconds: WaitSeconds = 0


class StepPage(Page):
    run_id: RunId


class EventPage(Entity):
    run_id: RunId
    after: int = Field(default=0, ge=0, description="Only the events behind the one with this id.")
    limit: int = Field(default=50, ge=1, le=200, description="Events on a page.")


class OneStep(Entity):
    step_id: StepId


class Answer(OneStep):
    output: Any = Field(
        description='What the gate\'s `schema` asks for; without one {"approved": true or false, "comment": "why"}.'
    )


Documented = Annotated[
    JsonObject | str,
    Field(description="A document (`project`, `agents`, `tools`, `workflows`): an object, or its YAML or JSON text."),
]


class OneDocument(Entity):
    document: Documented

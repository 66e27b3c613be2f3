"""An office for tests: launches, answers and resumes, as the API and the sensor would, in this process."""

from typing import Any

import dagster as dg

from agentmesh_dagster.control.launch import prepare_launch, run_in_place
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import EventType, Run, StepStatus, Workflow
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from tests.shapes import function_tool, save

"""Dagster's daemon, one round of its sensors or schedules at a time, in this process: so that it can die in one."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.external import RemoteSchedule, RemoteSensor
from dagster._core.scheduler.instigation import InstigatorTick
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from agentmesh_dagster.runtime.launches import register_launch
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.translator.dagster_runs import read_launch_facts
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG

_CODE = LoadableTargetOrigin(module_name="agentmesh_dagster.code_location", attribute="build_repository")
_LOG = logging.getLogger("tests.triggers")


class Daemon:
    """Loads the store anew in each round, as after a reload; its clock goes on by six seconds from round to round."""

    def __init__(self, instance: dg.DagsterInstance, *, minutes_later: float = 0) -> None:
        """`minutes_later`: what its clock is ahead of that of this machine."""
        self.instance = instance
        self.now = datetime.now(UTC) + timedelta(minutes=minutes_later)

    def sense(self, name: str, crash_at: dict[str, Any] | None = None) -> InstigatorTick:
        """One round of the sensors; the tick of this one. `crash_at`: Dagster's own crash points → signal."""
        self.now += timedelta(seconds=6)
        with _load(self.instance) as workspace, freeze_time(self.now):
            flags = {name: crash_at} if crash_at else None
            list(execute_sensor_iteration(workspace, _LOG, None, None, debug_crash_flags=flags))
            return self.read_ticks(_find_sensor(workspace, name))[0]

    def schedule(self, name: str, moment: datetime) -> InstigatorTick:
        """One round of the schedules at that moment; the newest tick of this one."""
        self.look_at_schedules(moment)
        with _load(self.instance) as workspace:
            [schedule] = [one for one in _repository(workspace).get_schedules() if one.name == name]
            return self.read_ticks(schedule)[0]

    def look_at_schedules(self, moment: datetime) -> None:
        with _load(self.instance) as workspace, freeze_time(moment):
            list(launch_scheduled_runs(workspace, _LOG, moment, {}))

    def read_ticks(self, of: RemoteSensor | RemoteSchedule) -> list[InstigatorTick]:
        """Newest first."""
        return list(self.instance.get_ticks(of.get_remote_origin_id(), of.selector_id))

    def switch(self, name: str, *, on: bool) -> None:
        """What the switch on the Automation page does."""
        sensor = self.find_sensor(name)
        if on:
            self.instance.start_sensor(sensor)
        else:
            self.instance.stop_sensor(sensor.get_remote_origin_id(), sensor.selector_id, sensor)

    def switch_schedule(self, name: str, *, on: bool) -> None:
        with _load(self.instance) as workspace:
            [schedule] = [one for one in _repository(workspace).get_schedules() if one.name == name]
        if on:
            self.instance.start_schedule(schedule)
        else:
            self.instance.stop_schedule(schedule.get_remote_origin_id(), schedule.selector_id, schedule)

    def find_sensor(self, name: str) -> RemoteSensor:
        with _load(self.instance) as workspace:
            return _find_sensor(workspace, name)

    def adopt(self, services: Services, launch_id: str) -> None:
        """What the sensor `agentmesh_runs` does with a run in the queue, which here comes without its pin."""
        launched = self.instance.get_run_by_id(launch_id)
        assert launched
        plan = load_plan(services.store, launched.tags[WORKFLOW_TAG], current_revision(services.store))
        with services.store.begin() as tx:
            register_launch(tx, plan, read_launch_facts(plan, launched, self.instance))

    def is_asking(self, name: str) -> bool:
        """One round of the sensors; whether this one asked for runs."""
        return bool(self.sense(name).run_ids)


def _find_sensor(workspace: WorkspaceProcessContext, name: str) -> RemoteSensor:
    [sensor] = [sensor for sensor in _repository(workspace).get_sensors() if sensor.name == name]
    return sensor


def _repository(workspace: WorkspaceProcessContext) -> Any:
    context = workspace.create_request_context()
    [repository] = context.get_code_location(context.code_location_names[0]).get_repositories().values()
    return repository


@contextmanager
def _load(instance: dg.DagsterInstance) -> Generator[WorkspaceProcessContext]:
    origin = InProcessCodeLocationOrigin(_CODE)
    with WorkspaceProcessContext(instance, InProcessTestWorkspaceLoadTarget(origin)) as workspace:
        yield workspace

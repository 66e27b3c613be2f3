"""Why Dagster failed a launch, in words for people, and whether another try may do better."""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from agentmesh_dagster.control.dagster_internals import WILL_RETRY_TAG, SerializableErrorInfo
from agentmesh_dagster.errors import AgentMeshError, Conflict, InvalidValue, NotFound

_SAYS_NOTHING = "This run has been marked as failed from outside the execution context."
# Of Dagster's errors: what a run, a job or a config is made of, which is the same at the next try.
_LASTING = ("DagsterInvalid", "DagsterConfig", "DagsterSubset", "DagsterUnresolvable", "DagsterTypeCheck")
_LASTING_OF_OURS = (InvalidValue, NotFound, Conflict)
_ENGINE_EVENTS_LOOKED_AT = 20


@dataclass(frozen=True)
class LaunchFailure:
    reason: str
    may_pass: bool  # False: the next try would fail as well, or Dagster makes it itself


def read_failure(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> LaunchFailure:
    """Why the run failed, from what Dagster wrote into its log."""
    messages, errors = list[str](), list[SerializableErrorInfo]()
    for event in _list_events(instance, dagster_run.run_id):
        if event.event_type is dg.DagsterEventType.RUN_FAILURE and event.message:
            messages.append(event.message)
        data = event.event_specific_data
        if isinstance(error := getattr(data, "error", None), SerializableErrorInfo):
            errors.append(error)
    message = next((message for message in messages if message != _SAYS_NOTHING), None)
    said_by_dagster = errors[0].message.strip() if errors else None
    reason = " ".join(part for part in (message, said_by_dagster) if part) or "Dagster failed it, and did not say why."
    will_retry = dagster_run.tags.get(WILL_RETRY_TAG) == "true"
    return LaunchFailure(reason, may_pass=not will_retry and not any(map(_is_lasting, errors)))


def _list_events(instance: dg.DagsterInstance, launch_id: str) -> Iterator[dg.DagsterEvent]:
    """The newest first: the failure, then what the machinery said before it."""
    for kind in (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.ENGINE_EVENT):
        found = instance.get_records_for_run(launch_id, of_type=kind, ascending=False, limit=_ENGINE_EVENTS_LOOKED_AT)
        for record in found.records:
            yield record.event_log_entry.get_dagster_event()


def _is_lasting(error: SerializableErrorInfo) -> bool:
    names = [found.cls_name or "" for found in _list_causes(error)]
    ours = {name for kind in _LASTING_OF_OURS for name in _list_names(kind)}
    return any(name.startswith(_LASTING) or name in ours for name in names)


def _list_causes(error: SerializableErrorInfo) -> Iterator[SerializableErrorInfo]:
    found: SerializableErrorInfo | None = error
    while found is not None:
        yield found
        found = found.cause


def _list_names(kind: type[AgentMeshError]) -> Iterator[str]:
    yield kind.__name__
    for special in kind.__subclasses__():
        yield from _list_names(special)

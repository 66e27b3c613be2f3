"""Crash points: named places at which a test may let this process die, so that each window is hit every time."""

import os
import signal
from collections import Counter
from enum import StrEnum

VARIABLE = "AGENTMESH_CRASH_AT"  # `name`, `name@3` at the third passing, `stop:name` to stop instead of dying
_STOP = "stop:"


class CrashPoint(StrEnum):
    """The windows between two things that cannot be done as one; docs/testing.md says what each shows."""

    LAUNCH_STORED = "launch-stored"  # ours is committed, Dagster knows nothing of it
    LAUNCH_IN_DAGSTER = "launch-in-dagster"  # created there, not yet marked as submitted
    PLACE_GIVEN = "place-given"  # to a run that waited for one; Dagster has not heard of it
    RUN_ASKED_FOR = "run-asked-for"  # by a trigger's sensor: noted in the store, Dagster has not heard of it
    STEP_CLAIMED = "step-claimed"
    MODEL_BEFORE_CALL = "model-before-call"
    MODEL_ANSWERED = "model-answered"  # its reply is paid, we have written nothing down
    REPLY_KEPT = "reply-kept"
    TOOL_BEFORE_CALL = "tool-before-call"
    TOOL_ANSWERED = "tool-answered"  # the other side has acted, we have written nothing down
    RESULT_KEPT = "result-kept"
    STEP_EXECUTED = "step-executed"  # its end is not committed
    STEP_ENDED = "step-ended"  # committed, and Dagster has not been told
    MADE_WITHIN = "made-within"  # a step of another Dagster run has executed the run, and told nothing of it
    VERSION_TOLD = "version-told"  # Dagster knows of one version that the run has made, and of no other
    LAUNCH_PARKED = "launch-parked"  # Dagster shows it as suspended, the store does not know yet
    LAUNCH_GIVEN_UP = "launch-given-up"  # Dagster says that its worker died, the store not yet
    CHILD_AWAITED = "child-awaited"  # a step waits for a run that is not there yet
    CHILD_STORED = "child-stored"  # that run is committed, Dagster knows nothing of it
    CHILD_ENDED = "child-ended"  # its end is its step's, and the parent has not gone on
    GATE_ANSWERED = "gate-answered"  # committed, nothing is launched
    RESUME_STORED = "resume-stored"
    RESUME_IN_DAGSTER = "resume-in-dagster"
    PRUNE_BEGUN = "prune-begun"  # of an old run Dagster has lost some, the store nothing
    PRUNED_IN_DAGSTER = "pruned-in-dagster"  # Dagster has nothing more of it, the store has all
    PRUNED = "pruned"  # between one group of old runs and the next
    RESUME_SUBMITTED = "resume-submitted"  # marked, but in nobody's queue


_passings: Counter[str] = Counter()


def crash_point(name: CrashPoint) -> None:
    """Kills this process with SIGKILL when AGENTMESH_CRASH_AT says so; else it costs one look-up."""
    if wanted := os.environ.get(VARIABLE):
        _crash_if_wanted(name, wanted)


def _crash_if_wanted(name: str, wanted: str) -> None:
    point, _, passing = wanted.removeprefix(_STOP).partition("@")
    if point != name:
        return
    _passings[name] += 1
    if _passings[name] == int(passing or 1):
        os.kill(os.getpid(), signal.SIGSTOP if wanted.startswith(_STOP) else signal.SIGKILL)


def forget_passings() -> None:
    """Counts from the first again; for tests in which many die in one process."""
    _passings.clear()

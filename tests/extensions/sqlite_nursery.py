"""Processes to kill that write to Dagster's storage: `python -m tests.extensions.sqlite_nursery`.

It imports everything once. A line on its input names an action and its arguments; it forks a process for it and prints
the process's id. An action prints into the file that is its first argument.
"""

import itertools
import json
import os
import signal
import sys
import time

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.utils import make_new_run_id


def say(output: str, *words: object) -> None:
    with open(output, "a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def store(instance: dg.DagsterInstance, run_id: str, message: str, *, starts: bool = False) -> None:
    """One event of a run; one that `starts` it is kept in the index as well."""
    event = DagsterEvent(DagsterEventType.PIPELINE_START.value, "job") if starts else None
    entry = EventLogEntry(
        error_info=None,
        level=20,
        user_message=message,
        run_id=run_id,
        timestamp=time.time(),
        job_name="job",
        dagster_event=event,
    )
    instance.event_log_storage.store_event(entry)


def read(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """The messages of a run's events, as they were stored."""
    records = instance.event_log_storage.get_records_for_run(run_id).records
    return [record.event_log_entry.user_message for record in records]


def write_new_runs(output: str, home: str) -> None:
    """Begins run after run and says which event is stored, until it is killed."""
    with dg.DagsterInstance.from_config(home) as instance:
        for _ in itertools.count():
            run_id = make_new_run_id()
            say(output, run_id, "begun")
            for number in range(4):
                store(instance, run_id, f"{number}", starts=number == 1)
                say(output, run_id, number)


def write_and_read(output: str, home: str, run_id: str, own: str, name: str, times: str) -> None:
    """Adds events to a run that others write to as well, reads all, counts in a tag of its own run; says the end."""
    with dg.DagsterInstance.from_config(home) as instance:
        for number in range(int(times)):
            store(instance, run_id, f"{name} {number}", starts=number % 4 == 0)
            instance.add_run_tags(own, {"count": str(number)})
            assert f"{name} {number}" in read(instance, run_id)
        say(output, "done")


def fork_and_close(output: str, home: str, run_id: str) -> None:
    """Forks while the run is open; the child writes on after its parent has closed it, and is killed."""
    reader, writer = os.pipe()
    with dg.DagsterInstance.from_config(home) as instance:
        store(instance, run_id, "parent before")
        if (child := os.fork()) == 0:
            store(instance, run_id, "child before")
            os.write(writer, b"-")
            time.sleep(0.2)  # the parent closes
            store(instance, run_id, "child after")
            os.kill(os.getpid(), signal.SIGKILL)
        os.read(reader, 1)
        store(instance, run_id, "parent after")
    os.waitpid(child, 0)
    say(output, "done")


ACTIONS = {action.__name__: action for action in (write_new_runs, write_and_read, fork_and_close)}


def main() -> None:
    for line in sys.stdin:
        action, *arguments = json.loads(line)
        if (process := os.fork()) == 0:
            os.dup2(os.open(arguments[0] + ".errors", os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
            ACTIONS[action](*arguments)
            sys.exit()
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

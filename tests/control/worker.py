"""A run worker for tests to kill: runs one workflow in place, with a tool that says when it was called.

    python -m tests.control.worker WORKFLOW_ID RECORDER_FILE

The tool `recorder` appends its idempotency key to the recorder file and sleeps for as long as the run's input says.
"""

import sys
import time
from pathlib import Path

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store.catalogue import get_entity
from agentmesh_dagster.tools import tool
from tests.control.instances import open_test_instance


def main(workflow_id: str, recorder_file: str, seconds: float) -> None:
    recorder_path = Path(recorder_file)

    @tool
    def recorder(idempotency_key: str) -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        with recorder_path.open("a") as file:
            file.write(f"{idempotency_key}\n")
        time.sleep(seconds)
        return {"key": idempotency_key}

    services = open_services()
    workflow = get_entity(services.store, Kind.WORKFLOW, workflow_id)
    assert isinstance(workflow, Workflow)
    with open_test_instance(services.settings.home) as instance:
        launch = prepare_launch(services, instance, workflow, {}, launched_by="test")
        print(launch.run_id, flush=True)
        run_in_place(services, instance, launch)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))

"""Whatever happens to runs that wait for people, in whatever order: nothing is lost, and nothing happens twice."""

from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from agentmesh_dagster.runtime.services import Services
from tests.control.instances import open_test_instance
from tests.gates.dagster_system import DagsterSystem, forget_jobs
from tests.gates.graphs import Drawn
from tests.gates.interleavings import Interleaving, play_on
from tests.gates.system import System
from tests.gates.watched_store import empty_store


def play(machine: type[Interleaving], count: int, actions: int, *, of_seed: int = 3) -> None:
    run_state_machine_as_test(
        seed(of_seed)(machine),
        settings=settings(
            max_examples=count,
            stateful_step_count=actions,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            # Shrinking takes minutes: `benchmarks/gate_interleavings.py --shrink` does it.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


# In parts, so that they go on at the same time. Commits on PostgreSQL cost more, and only the database differs there.
@pytest.mark.parametrize(
    ("store_url", "of_seed", "count"),
    [("sqlite", 3, 15), ("sqlite", 4, 10), ("postgresql", 6, 5)],
    indirect=["store_url"],
)
def test_every_run_ends_as_its_answers_imply_and_no_step_runs_twice(services: Services, of_seed: int, count: int):
    machine = play_on(services)

    play(machine, count, actions=20, of_seed=of_seed)

    assert machine.played >= count


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_same_holds_on_a_real_instance_of_dagster(services: Services):
    with open_test_instance(services.settings.home) as instance:

        def open_system(drawn: Drawn, without: Collection[str]) -> System:
            for run in instance.get_runs():
                instance.delete_run(run.run_id)
            empty_store(services.store)
            forget_jobs()
            return DagsterSystem(services, drawn, instance, without=without)

        machine = play_on(services, open_system=staticmethod(open_system))
        play(machine, 20, actions=10)

    assert machine.played >= 20

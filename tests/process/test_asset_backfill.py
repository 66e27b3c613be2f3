"""A backfill of which some partitions wait for a person while workers are killed."""

from pathlib import Path

from benchmarks.asset_backfill import ENVIRONMENT, check, make_plan, run_backfill
from tests.process.servers import run_dev
from tests.tools.servers import run_recorder


def test_twenty_partitions_with_gates_and_killed_workers_come_to_what_each_deserves(tmp_path: Path):
    plan = make_plan(20, gates=4, kills=2)

    with run_recorder() as recorder, run_dev(tmp_path, environment=ENVIRONMENT) as dev, dev.open_client() as client:
        check(plan, run_backfill(dev, client, recorder, plan))

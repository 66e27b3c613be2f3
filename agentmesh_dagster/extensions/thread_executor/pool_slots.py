"""Dagster's pools, within a run that executes many steps in one process."""

import time

from agentmesh_dagster.extensions.dagster_internals import InstanceConcurrencyContext


class PoolSlots(InstanceConcurrencyContext):
    """Dagster's pool slots of a run, which says when to ask for a slot again.

    Dagster asks for an occupied slot after 1 s, and then ever more seldom, up to every 15 s. A step of this run that
    ends hands its slot on at once.
    """

    _claims: set[str]  # steps that hold a slot
    _pending_claims: set[str]  # steps that wait for one
    _pending_timeouts: dict[str, float]  # of these, when to ask again, by time.time()

    def free_step(self, step_key: str) -> None:
        held = step_key in self._claims
        super().free_step(step_key)  # pyright: ignore[reportUnknownMemberType]
        if held and self._pending_claims:
            self._ask_for_assigned_slots()

    def _ask_for_assigned_slots(self) -> None:
        # Dagster's storage gives a slot that became free to a certain pending step: only that one asks early.
        storage = self._instance.event_log_storage
        for pool in storage.get_concurrency_infos(list(self._pools or ())).values():
            for step in pool.pending_steps:
                if step.run_id == self._run_id and step.step_key in self._pending_claims and step.assigned_timestamp:
                    self._pending_timeouts[step.step_key] = 0.0

    def interval_to_next_pending_claim_check(self) -> float:
        """Seconds until a slot is to be asked for again; Dagster's own answer is never above 0, so it never sleeps."""
        due = [at for step, at in self._pending_timeouts.items() if step in self._pending_claims]
        return max(0.0, min(due) - time.time()) if due else 0.0

"""Parking: a Dagster run whose work is done stands as Suspended while its run waits for a person."""

import dagster as dg


def report_suspended(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> None:
    """Shows the run as Suspended. It was a success for a moment: nothing in Dagster parks a run by itself."""
    _report(instance, dagster_run, dg.DagsterEventType.RUN_SUSPENDED, "Waits for a person. No process is kept.")


def report_gone_on(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> None:
    """Shows a suspended run as a success: the answer came, and another launch does the rest."""
    _report(instance, dagster_run, dg.DagsterEventType.RUN_SUCCESS, "Answered. Another launch goes on with the run.")


def report_over(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun, error: str | None) -> None:
    """Shows a suspended run as failed, or as a success without an error: its run ended without another launch."""
    if error is None:
        report_gone_on(instance, dagster_run)
    else:
        instance.report_run_failed(dagster_run, error)


def _report(
    instance: dg.DagsterInstance, dagster_run: dg.DagsterRun, event_type: dg.DagsterEventType, message: str
) -> None:
    instance.report_dagster_event(
        dg.DagsterEvent(event_type.value, dagster_run.job_name, message=message), dagster_run.run_id
    )

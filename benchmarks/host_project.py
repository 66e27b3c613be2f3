"""Somebody's own project, with the workflows of the store in it."""

import dagster as dg

from agentmesh_dagster import build_definitions


@dg.op
def count() -> None: ...


@dg.job
def nightly() -> None:
    count()


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions.merge(dg.Definitions(jobs=[nightly]), build_definitions())

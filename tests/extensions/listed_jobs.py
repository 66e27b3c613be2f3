"""A Dagster project of somebody's: two jobs."""

import dagster as dg


@dg.op(config_schema={"word": str})
def say(context: dg.OpExecutionContext) -> None:
    context.log.info(context.op_config["word"])


@dg.job(description="Says it once.")
def once():
    say()


@dg.job(description="Says it twice.")
def twice():
    say.alias("first")()
    say.alias("second")()


defs = dg.Definitions(jobs=[once, twice])

"""Logging: what a run prints to the console; its event log in Dagster keeps everything."""

import logging

import dagster as dg

from agentmesh_dagster.settings import get_settings


@dg.logger(config_schema={"log_level": dg.Field(str, is_required=False)}, description="Prints to standard error.")
def console_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's console logger, as talkative as the setting `console_log_level` says."""
    config: dict[str, str] = context.logger_config or {}
    level = config.get("log_level") or get_settings().console_log_level
    return dg.colored_console_logger.logger_fn(
        dg.InitLoggerContext({"log_level": level, "name": "agentmesh"}, logger_def=dg.colored_console_logger)
    )

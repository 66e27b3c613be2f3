"""Lookup: the agents and tools that a graph may name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentmesh_dagster.entities.models import Agent, Tool


@dataclass(frozen=True)
class Lookup:
    agents: Mapping[str, Agent] = field(default_factory=dict[str, Agent])  # by id
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])  # by id


NOTHING_KNOWN = Lookup()

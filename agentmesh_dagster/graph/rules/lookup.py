"""Lookup: the agents, tools and other workflows that a workflow may name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentmesh_dagster.entities.models import Agent, Tool, Workflow


@dataclass(frozen=True)
class Lookup:
    agents: Mapping[str, Agent] = field(default_factory=dict[str, Agent])  # by id
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])  # by id
    workflows: Mapping[str, Workflow] = field(default_factory=dict[str, Workflow])  # by id, those that these run too
    # By id: those whose end it waits for, those that these wait for, and so on; None: not looked up, so all may be.
    followed: Mapping[str, Workflow] | None = None


NOTHING_KNOWN = Lookup()

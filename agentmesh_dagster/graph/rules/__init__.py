"""The rules of a graph: each finds one kind of fault, and each fault has one rule."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.rules.approvals import (
    agents_have_no_tools_that_need_approval,
    tools_that_need_approval_stand_behind_a_gate,
)
from agentmesh_dagster.graph.rules.asset_checks import (
    checks_are_conditions,
    checks_can_be_decided,
    checks_that_ask_stand_before_one_end,
)
from agentmesh_dagster.graph.rules.assets import (
    assets_are_not_made_from_themselves,
    assets_are_what_dagster_takes,
    no_asset_is_made_twice,
    parts_of_an_asset_are_outputs_of_nodes,
)
from agentmesh_dagster.graph.rules.branches import (
    a_branch_has_one_default,
    branches_are_exhaustive,
    branches_lead_somewhere,
    conditions_differ,
    literals_differ,
)
from agentmesh_dagster.graph.rules.catalogue import (
    agent_nodes_name_an_agent,
    agents_have_a_known_provider,
    agents_have_known_tools,
    connections_are_declared,
    fixed_tool_inputs_fit,
    fixed_workflow_inputs_fit,
    nodes_name_only_what_their_type_needs,
    tool_nodes_name_a_tool,
    workflow_nodes_name_a_workflow,
)
from agentmesh_dagster.graph.rules.catching import (
    edges_that_catch_have_one_default,
    edges_that_catch_leave_a_node_that_can_fail,
)
from agentmesh_dagster.graph.rules.each import (
    an_each_has_items,
    an_each_is_closed,
    no_each_stands_inside_an_each,
    nothing_leads_into_an_each,
    the_join_of_an_each_is_plain,
)
from agentmesh_dagster.graph.rules.fields import fields_are_there, literals_can_be_given
from agentmesh_dagster.graph.rules.gates import (
    a_deadline_gives_an_answer_that_its_gate_takes,
    settings_have_an_effect_on_a_gate,
)
from agentmesh_dagster.graph.rules.inputs import inputs_of_tools_fit, inputs_of_workflows_fit
from agentmesh_dagster.graph.rules.lookup import NOTHING_KNOWN, Lookup
from agentmesh_dagster.graph.rules.loops import (
    a_run_has_not_too_many_steps,
    loops_are_entered_by_their_head,
    no_loop_crosses_an_each,
    rounds_are_counted_on_edges_back,
)
from agentmesh_dagster.graph.rules.outputs import outputs_that_may_be_null_are_guarded
from agentmesh_dagster.graph.rules.references import (
    callbacks_are_of_waits_behind,
    errors_are_used_where_one_was_caught,
    items_are_used_inside_an_each,
    references_name_something,
    references_to_outputs_name_a_node,
    references_to_outputs_name_an_ancestor,
    rounds_are_used_inside_a_loop,
)
from agentmesh_dagster.graph.rules.schemas import (
    formats_are_known,
    schemas_of_the_graph_are_schemas,
    schemas_of_tools_are_schemas,
)
from agentmesh_dagster.graph.rules.secrets import secrets_of_tools_are_open
from agentmesh_dagster.graph.rules.structure import (
    a_graph_has_nodes,
    every_node_is_reachable,
    every_node_leads_to_an_end,
    nothing_goes_in_circles,
    nothing_leads_into_start,
    nothing_leads_out_of_an_end,
    only_choices_carry_conditions,
    there_is_an_end,
    there_is_one_start,
)
from agentmesh_dagster.graph.rules.tool_settings import tools_have_what_their_type_needs
from agentmesh_dagster.graph.rules.triggers import (
    fixed_inputs_of_triggers_fit,
    triggers_are_what_their_type_wants,
    triggers_follow_a_workflow_that_exists,
    triggers_look_at_the_event,
    workflows_do_not_start_themselves,
)
from agentmesh_dagster.graph.rules.types import nodes_are_what_their_type_wants
from agentmesh_dagster.graph.rules.workflows import (
    no_each_is_inlined_into_an_each,
    workflows_do_not_contain_themselves,
)

__all__ = ["NOTHING_KNOWN", "RULES", "Lookup", "Rule", "validate"]

Rule: TypeAlias = Callable[[Graph, Lookup], Iterator[Issue]]

RULES: tuple[Rule, ...] = (
    # The shape of the graph
    a_graph_has_nodes,
    there_is_one_start,
    there_is_an_end,
    nothing_leads_into_start,
    nothing_leads_out_of_an_end,
    nothing_goes_in_circles,
    rounds_are_counted_on_edges_back,
    loops_are_entered_by_their_head,
    every_node_is_reachable,
    every_node_leads_to_an_end,
    # What nodes name
    agent_nodes_name_an_agent,
    tool_nodes_name_a_tool,
    workflow_nodes_name_a_workflow,
    nodes_name_only_what_their_type_needs,
    workflows_do_not_contain_themselves,
    agents_have_known_tools,
    agents_have_a_known_provider,
    connections_are_declared,
    tools_have_what_their_type_needs,
    secrets_of_tools_are_open,
    tools_that_need_approval_stand_behind_a_gate,
    agents_have_no_tools_that_need_approval,
    # Branches and gates
    nodes_are_what_their_type_wants,
    branches_lead_somewhere,
    only_choices_carry_conditions,
    a_branch_has_one_default,
    literals_differ,
    conditions_differ,
    branches_are_exhaustive,
    settings_have_an_effect_on_a_gate,
    a_deadline_gives_an_answer_that_its_gate_takes,
    # What is done when a node fails
    edges_that_catch_leave_a_node_that_can_fail,
    edges_that_catch_have_one_default,
    # Repetition
    an_each_has_items,
    an_each_is_closed,
    the_join_of_an_each_is_plain,
    no_each_stands_inside_an_each,
    no_each_is_inlined_into_an_each,
    nothing_leads_into_an_each,
    no_loop_crosses_an_each,
    a_run_has_not_too_many_steps,
    # What expressions look at
    references_name_something,
    references_to_outputs_name_a_node,
    references_to_outputs_name_an_ancestor,
    items_are_used_inside_an_each,
    callbacks_are_of_waits_behind,
    rounds_are_used_inside_a_loop,
    errors_are_used_where_one_was_caught,
    fields_are_there,
    outputs_that_may_be_null_are_guarded,
    literals_can_be_given,
    inputs_of_tools_fit,
    inputs_of_workflows_fit,
    # JSON Schemas and values
    schemas_of_the_graph_are_schemas,
    schemas_of_tools_are_schemas,
    formats_are_known,
    fixed_tool_inputs_fit,
    fixed_workflow_inputs_fit,
    # What starts the workflow
    triggers_follow_a_workflow_that_exists,
    triggers_are_what_their_type_wants,
    workflows_do_not_start_themselves,
    triggers_look_at_the_event,
    fixed_inputs_of_triggers_fit,
    # What it makes
    assets_are_what_dagster_takes,
    parts_of_an_asset_are_outputs_of_nodes,
    no_asset_is_made_twice,
    assets_are_not_made_from_themselves,
    checks_are_conditions,
    checks_can_be_decided,
    checks_that_ask_stand_before_one_end,
)


def validate(graph: Graph, lookup: Lookup = NOTHING_KNOWN) -> list[Issue]:
    """All faults of a graph at once: those found while it was read, then rule by rule."""
    return [*graph.faults, *(issue for rule in RULES for issue in rule(graph, lookup))]

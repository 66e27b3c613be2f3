"""What each field of a document is for, as editors show it: model and wire name → a sentence or two.

What a node's `config` and a trigger hold says so itself: see `specs`, and the triggers in `entities.models`.
"""

TEMPLATE = "May hold {{ expressions }}."
SCHEMA = "A JSON Schema (draft 2020-12)."

DOCUMENT = {
    "project": "The project that the entities belong to, or a list of projects.",
    "agents": "Models with a prompt and tools.",
    "tools": "What agents and tool nodes can call.",
    "workflows": "Graphs of agents, tools, branches and gates; each becomes a Dagster job.",
}

FIELDS: dict[str, dict[str, str]] = {
    "Stored": {
        "id": "Never changes: applying a document again updates the entity with this id.",
        "name": "What people see.",
        "description": "For people; shown in Dagster too.",
        "projectId": "The project it belongs to; the document's own project unless given.",
        "createdAt": "Set by the store; passed over in documents.",
        "updatedAt": "Set by the store; passed over in documents.",
    },
    "Project": {"dailyBudget": "What all its runs may spend in a day (UTC): docs/budgets.md."},
    "Agent": {
        "modelProvider": "`local` is any OpenAI-compatible server, or the built-in offline model if none is set.",
        "modelName": "The provider's name of the model.",
        "systemPrompt": "Who the agent is and how it answers. A node may override it.",
        "temperature": "0 is steady, 2 is wild; without it the model's own.",
        "tools": "The tools that the model may call while it answers, by their ids.",
        "connection": "A connection to models that the operator has declared in agentmesh.toml, by its name.",
        "options": "Options of its model calls; a node's own come before them.",
        "fallbacks": (
            "Models that are asked in this order when the one before cannot be reached, is asked too often, or refuses."
        ),
        "metadata": "Anything you want to keep with the agent, as an object.",
    },
    "Fallback": {
        "connection": "Where it is asked; the agent's own connection unless given.",
        "modelName": "The name of the model there.",
    },
    "Tool": {
        "type": "`http` calls an address, `function` a registered Python function, `builtin` one that ships with us,"
        " `sql` asks a database, `mcp` calls an MCP server.",
        "config": "What is called.",
        "inputSchema": f"{SCHEMA} Checked before each call, and shown to the model.",
        "outputSchema": f"{SCHEMA} Checked after each call.",
        "approval": "`always`: it is called by tool nodes behind a gate alone, not by agents, and cannot be tried.",
        "maxResultTokens": "How much of a result an agent's model is told, at four characters a token.",
        "secrets": "Set by the store; passed over in documents.",
        "functions": "What an MCP server had when the tool was saved; passed over in documents.",
    },
    "ServerFunction": {
        "name": "As the MCP server calls it.",
        "description": "Shown to the model.",
        "inputSchema": f"{SCHEMA} Of its arguments.",
        "outputSchema": f"{SCHEMA} Of its structured content.",
    },
    "ToolConfig": {"settings": "Of a type that a package brings: what else it needs."},
    "Workflow": {
        "graph": "Nodes and the edges between them.",
        "inputSchema": f"{SCHEMA} Of the run's input; titles, defaults and descriptions fill Dagster's launchpad.",
        "triggers": "What starts the workflow by itself.",
        "concurrency": "How many of its runs may be open at once, and what becomes of one more.",
        "asset": "What the workflow gives, as an asset of Dagster's: key, partitions, automation, checks.",
        "budget": "What a run may spend at most: docs/budgets.md.",
        "layout": "Where the editor shows the nodes: node id → [x, y]. Says nothing about runs.",
        "revision": "Set by the store; passed over in documents.",
    },
    "WorkflowGraph": {
        "nodes": "One start, at least one end, and what lies between.",
        "edges": "What follows what. All edges of a node are followed, unless it is a branch or a gate.",
    },
    "Node": {
        "id": "Unique in the graph; expressions name it: context.outputs.<id>.",
        "type": "What the node does.",
        "label": "What people see; the id unless given.",
        "agentId": "Of an agent node: which agent.",
        "toolId": "Of a tool node: which tool.",
        "workflowId": "Of a workflow node: which workflow.",
        "config": "Settings; which ones depends on the node's type.",
    },
    "Edge": {
        "id": "Unique in the graph.",
        "fromNodeId": "The node it leaves.",
        "toNodeId": "The node it leads to.",
        "condition": (
            "Only behind a branch or a gate: an expression such as context.last_output.score > 0.7, or the literal "
            "to match where the branch has a condition of its own. Without it the edge is the default. Any edge with "
            'on: error or always may have one, such as context.error.code == "timeout".'
        ),
        "on": (
            "When the edge is followed: on success; on error, when its source has failed after its retries, for which "
            "the run does not fail then; or always."
        ),
        "maxRounds": (
            "On an edge that leads back: how often the nodes from its target to its source are played at most, the "
            "first round included."
        ),
    },
}

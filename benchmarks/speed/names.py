"""What the report calls those that were measured."""

MESH_STACK = "AgentMesh, `agentmesh dev`"
MESH_PROCESS = "AgentMesh, one process"
MESH_WORKER = "AgentMesh, run worker"
MESH_LOCATION = "AgentMesh, code location"
ASYNCIO = "asyncio, the limit"
LANGGRAPH = "LangGraph, SQLite"
DBOS = "DBOS, SQLite"
PREFECT = "Prefect, server"
DAGSTER_STACK = "Dagster job, `dagster dev`"
DAGSTER_HERE = "Dagster job, execute_in_process"
DAGSTER_WORKER = "Dagster job, in_process executor"
DAGSTER_MULTIPROCESS = "Dagster job, multiprocess executor"

OURS = (MESH_STACK, MESH_PROCESS, MESH_WORKER, MESH_LOCATION)
EVERYBODY = (
    ASYNCIO,
    LANGGRAPH,
    DBOS,
    MESH_PROCESS,
    MESH_STACK,
    PREFECT,
    DAGSTER_HERE,
    DAGSTER_WORKER,
    DAGSTER_MULTIPROCESS,
    DAGSTER_STACK,
)

"""Callbacks: the addresses that a step may hand to services, each of a wait behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.callbacks import give_out
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.tools.secrets import NO_SECRETS, Secrets


class NoPublicAddress(AgentMeshError):
    """A callback needs the address under which services reach the web server: set AGENTMESH_PUBLIC_URL."""


@dataclass(frozen=True)
class Callbacks:
    addresses: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])  # by node id of the wait
    secrets: Secrets = NO_SECRETS  # what of them no event shows

    def __bool__(self) -> bool:
        return bool(self.addresses)


def give_out_callbacks(tx: Connection, settings: Settings, plan: Plan, run_id: str, address: Address) -> Callbacks:
    """The callbacks that the config of a step's node looks up. Raises NoPublicAddress."""
    addresses: dict[str, JsonValue] = {}
    tokens: list[str] = []
    key = plan.key_of(address)
    for name in dict.fromkeys(_list_names(plan, key)):
        if not settings.public_url:
            raise NoPublicAddress(f"`context.callbacks.{name}`")
        wait = plan.scopes.locate(plan.find_behind(key, name), address.items)
        token = give_out(tx, run_id, step_id(run_id, wait))
        addresses[name] = f"{settings.public_url.rstrip('/')}/api/callbacks/{token}"
        tokens.append(token)
    return Callbacks(addresses, Secrets(tuple(tokens)))


def _list_names(plan: Plan, key: str) -> Iterator[str]:
    for _, reference in plan.graph.nodes[key].references:
        if len(reference.path) > 1 and reference.path[0] == "callbacks":
            yield str(reference.path[1])

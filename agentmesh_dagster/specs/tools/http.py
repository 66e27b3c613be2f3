"""An address is called."""

from typing import Literal

from pydantic import Field

from agentmesh_dagster.entities.models import Entity, JsonObject
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.tool_spec import ToolSpec


class HttpConfig(Entity):
    method: Literal["GET", "POST"] = Field(
        default="GET",
        title="Method",
        description="GET sends the input as query, POST as JSON.",
        json_schema_extra=form(choices={"GET": "GET", "POST": "POST"}),
    )
    url: str = Field(title="Address", description="What is called.", examples=["https://api.example.com/orders"])
    headers: dict[str, str] | None = Field(
        default=None,
        title="Headers",
        description="${NAME} stands for a secret that the operator has opened for this host.",
        examples=[{"Authorization": "Bearer ${API_TOKEN}"}],
    )
    query: dict[str, str] | None = Field(
        default=None,
        title="Query",
        description="Fixed fields of the query, which the input cannot replace; ${NAME} as in headers.",
    )
    body: JsonObject | None = Field(
        default=None,
        title="Body",
        description="Fixed fields of a POST's JSON body, which the input cannot replace; ${NAME} as in headers.",
        json_schema_extra=form(only_with=("method", ["POST"])),
    )


SPEC = ToolSpec(
    type="http",
    label="HTTP",
    purpose="Calls an address.",
    config=HttpConfig,
    summary=("method", "url"),
    has_secrets=True,
)

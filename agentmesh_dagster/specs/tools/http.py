"""An address is called."""

from pydantic import Field

from agentmesh_dagster.entities.http_settings import BodyFormat, HttpAuth, HttpPaging, Method, ResponsePart
from agentmesh_dagster.entities.models import Entity, JsonObject
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.tool_spec import ToolSpec

WITH_BODY = ("POST", "PUT", "PATCH")
_METHODS: tuple[Method, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class HttpConfig(Entity):
    method: Method = Field(
        default="GET",
        title="Method",
        description="POST, PUT and PATCH send the input as body, the others as query.",
        json_schema_extra=form(choices={method: method for method in _METHODS}),
    )
    url: str = Field(
        title="Address",
        description="What is called; {name} in the path stands for a field of the input.",
        examples=["https://api.example.com/orders/{id}"],
    )
    auth: HttpAuth | None = Field(
        default=None,
        title="Authentication",
        description="What the header Authorization says; ${NAME} stands for a secret.",
    )
    headers: dict[str, str] | None = Field(
        default=None,
        title="Headers",
        description="${NAME} stands for a secret that the operator has opened for this host, {{ name }} for a field"
        " of the input.",
        examples=[{"X-Api-Key": "${API_KEY}"}],
    )
    query: dict[str, str] | None = Field(
        default=None,
        title="Query",
        description="Fixed fields of the query, which the input cannot replace; as headers.",
    )
    body_format: BodyFormat = Field(
        default="json",
        title="Body as",
        description="How the body is written.",
        json_schema_extra=form(
            choices={"json": "JSON", "form": "Form fields", "text": "Text"}, only_with=("method", WITH_BODY)
        ),
    )
    body: JsonObject | str | None = Field(
        default=None,
        title="Body",
        description="Fixed fields of the body, which the input cannot replace; or, of a text, the whole of it."
        " As headers.",
        json_schema_extra=form(only_with=("method", WITH_BODY)),
    )
    response: ResponsePart = Field(
        default="body",
        title="Result",
        description="What of the answer is handed on.",
        json_schema_extra=form(
            choices={"body": "JSON, else text", "text": "Text, also of JSON", "full": "Status, headers and body"}
        ),
    )
    paging: HttpPaging | None = Field(
        default=None,
        title="Pages",
        description="Follows the pages of a list, and gives their items together.",
        json_schema_extra=form(only_with=("method", ["GET"])),
    )


SPEC = ToolSpec(
    type="http",
    label="HTTP",
    purpose="Calls an address.",
    config=HttpConfig,
    summary=("method", "url"),
    has_secrets=True,
)

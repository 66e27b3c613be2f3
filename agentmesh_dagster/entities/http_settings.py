"""What an http tool may say besides its address: who calls, how the body goes out, what is made of the answer."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from agentmesh_dagster.entities.entity import Entity, JsonObject

MAX_PAGES = 100
UNSAID_PAGES = 10

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
BodyFormat = Literal["json", "form", "text"]
ResponsePart = Literal["body", "text", "full"]
FieldPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=255)]

_NEEDS = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "oauth": ("token_url", "client_id", "client_secret"),
}
_WORDS = {"token_url": "tokenUrl", "client_id": "clientId", "client_secret": "clientSecret"}


def _only(*types: str, needed: bool = True) -> JsonObject:
    """For forms, as `specs.form` writes it: a field that counts with these types alone."""
    return {"x-form": {"onlyWith": {"field": "type", "values": [*types]}, "isRequired": needed}}


class HttpAuth(Entity):
    """Who calls, in the header `Authorization`."""

    type: Literal["basic", "bearer", "oauth"] = Field(
        title="Scheme",
        description="basic: user and password; bearer: a token; oauth: a token by client credentials, kept while good.",
        json_schema_extra={
            "x-form": {
                "choices": [
                    {"value": "basic", "label": "Basic"},
                    {"value": "bearer", "label": "Bearer token"},
                    {"value": "oauth", "label": "OAuth client credentials"},
                ],
                "unset": "None",
            }
        },
    )
    username: str | None = Field(
        default=None, title="User name", description="May be a secret.", json_schema_extra=_only("basic")
    )
    password: str | None = Field(
        default=None, title="Password", description="A secret: ${NAME}.", json_schema_extra=_only("basic")
    )
    token: str | None = Field(
        default=None, title="Token", description="A secret: ${NAME}.", json_schema_extra=_only("bearer")
    )
    token_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]")] | None = Field(
        default=None,
        title="Token address",
        description="Where tokens are given; the secret must be open for its host.",
        json_schema_extra=_only("oauth"),
    )
    client_id: str | None = Field(
        default=None, title="Client ID", description="May be a secret.", json_schema_extra=_only("oauth")
    )
    client_secret: str | None = Field(
        default=None, title="Client secret", description="A secret: ${NAME}.", json_schema_extra=_only("oauth")
    )
    scope: str | None = Field(
        default=None,
        title="Scope",
        description="What the token is for, as the server wants it.",
        json_schema_extra=_only("oauth", needed=False),
    )

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "HttpAuth":
        given = {name for name in type(self).model_fields if getattr(self, name) not in (None, "")} - {"type"}
        needed = {*_NEEDS[self.type]}
        may = {*needed, "scope"} if self.type == "oauth" else needed
        if missing := [_WORDS.get(name, name) for name in _NEEDS[self.type] if name not in given]:
            raise ValueError(f"of type {self.type} needs {' and '.join(f'`{name}`' for name in missing)}")
        if foreign := sorted(_WORDS.get(name, name) for name in given - may):
            raise ValueError(f"of type {self.type} has no {' and '.join(f'`{name}`' for name in foreign)}")
        return self


class HttpPaging(Entity):
    """How the pages of an answer follow each other: by the header `Link`, or by a field that names the next one."""

    next: FieldPath | None = Field(
        default=None,
        title="Next page in field",
        description="Dotted path, such as meta.next; the header Link (rel=next) unless given.",
    )
    parameter: str | None = Field(
        default=None,
        title="Query field",
        description="Gets what that field holds, such as cursor; unless given it holds the next address.",
    )
    items: FieldPath | None = Field(
        default=None, title="Items in field", description="Dotted path; the whole page is the list unless given."
    )
    max_pages: Annotated[int, Field(ge=1, le=MAX_PAGES)] | None = Field(
        default=None, title="Max pages", description=f"{UNSAID_PAGES} unless given."
    )

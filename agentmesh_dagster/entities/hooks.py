"""Hooks: addresses that third parties post their webhooks to, and how what they send is checked."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from agentmesh_dagster.entities.bounds import WindowSeconds
from agentmesh_dagster.entities.models import DEFAULT_PROJECT, Entity, Id, Name, Timestamp

TOLERANCE_SECONDS = 300.0  # of a time stamp that is signed
_SECRET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_DELIVERY = re.compile(r"(header:[A-Za-z0-9-]+|field:[A-Za-z0-9_]+|digest|none)")
_PLACE = re.compile(r"\{[A-Za-z0-9_-]+\}")

SignatureScheme = Literal["github", "stripe", "slack", "shopify", "hmac"]


def _check_secret(name: str) -> str:
    if not _SECRET_NAME.fullmatch(name):
        raise ValueError("must be the name of a secret, as in AGENTMESH_SECRET_<NAME>")
    return name


def _check_header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError("must be the name of a header, such as X-Signature")
    return name


def _check_delivery(text: str) -> str:
    if not _DELIVERY.fullmatch(text):
        raise ValueError("must be `header:NAME`, `field:NAME` (of the body), `digest` (of the body) or `none`")
    return text


def _check_event_name(text: str) -> str:
    plain = _PLACE.sub("x", text)
    if "/" in plain or "{" in plain or "}" in plain:
        raise ValueError(
            "must be an event's name without `/`; `{X-GitHub-Event}` or `{type}` puts in a header or field"
        )
    return text


class HookSignature(Entity):
    """How a hook knows that what was posted comes from the one who has the secret."""

    scheme: SignatureScheme = Field(description="Whose way of signing; `hmac`: HMAC-SHA256 of the body in a header.")
    secret: Annotated[str, AfterValidator(_check_secret)] = Field(
        description="The name of the secret: the operator sets AGENTMESH_SECRET_<NAME>."
    )
    header: Annotated[str, AfterValidator(_check_header)] | None = Field(
        default=None, description="Of `hmac`: the header that has the signature."
    )
    encoding: Literal["hex", "base64"] = Field(default="hex", description="Of `hmac`: how it is written.")
    prefix: Annotated[str, Field(max_length=50, pattern="^[!-~]*$")] | None = Field(
        default=None, description="Of `hmac`: what stands before it, such as `sha256=`."
    )
    tolerance_seconds: WindowSeconds | None = Field(
        default=None, description="Of `stripe` and `slack`: how old the signed time may be; 300 unless given."
    )

    @model_validator(mode="after")
    def _says_where_it_stands(self) -> Self:
        if self.scheme == "hmac":
            if self.header is None:
                raise ValueError("needs `header`, which has the signature, such as X-Signature")
        elif self.header is not None or self.prefix is not None or self.encoding != "hex":
            raise ValueError(f"may have `header`, `encoding` and `prefix` with `hmac` only, not with `{self.scheme}`")
        return self


class NewHook(Entity):
    """A hook that is to be made."""

    project_id: Id = DEFAULT_PROJECT
    name: Name
    event_name: Annotated[Name, AfterValidator(_check_event_name)] = Field(
        description="The event that it posts; `{X-GitHub-Event}` puts in a header, `{type}` a field of the body."
    )
    signature: HookSignature | None = None  # None: whoever knows the address may post
    delivery_id: Annotated[str, AfterValidator(_check_delivery)] | None = Field(
        default=None,
        description="Where the delivery's id stands, so that a repeated one starts nothing: `header:NAME`, "
        "`field:NAME`, `digest` of the body, or `none`; unless given, where the scheme has it.",
    )


class Hook(NewHook):
    id: str
    created_by: str
    created_at: Timestamp
    rotated_at: Timestamp | None = None  # when its address was made anew
    last_used_at: Timestamp | None = None
    last_refusal: str | None = None  # why the last delivery was refused, if it was


class CreatedHook(Hook):
    """A hook with its address, which is shown this once."""

    token: str
    path: str  # /api/hooks/<token>

"""Deliveries of webhooks: the event that each is, and by which id it is known when it comes again."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from agentmesh_dagster.entities.hooks import Hook
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object, read_json
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.store.triggers import check_event

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1_000
_PLACE = re.compile(r"\{([A-Za-z0-9_-]+)\}")
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_LONGEST_ID = 150  # characters; a longer one is known by its digest
_IDS = {  # where each sender says which delivery it is
    "github": "header:X-GitHub-Delivery",
    "stripe": "field:id",
    "slack": "field:event_id",
    "shopify": "header:X-Shopify-Webhook-Id",
}


class UnknownForm(AgentMeshError):
    """A hook takes JSON, and fields of a form (application/x-www-form-urlencoded)."""


class UnfitDelivery(InvalidValue):
    """What was posted to the hook cannot become an event."""


@dataclass(frozen=True)
class HookEvent:
    name: str
    id: str
    body: JsonValue


def read_hook_body(content_type: str, body: bytes) -> JsonValue:
    """What was posted, as JSON. Raises UnknownForm, UnfitDelivery.

    Fields of a form become an object, those that come several times a list; a field `payload` that holds JSON is the
    whole of it, as GitHub and Slack send forms.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        return _read_form(body)
    if kind and not (kind == "application/json" or kind.endswith("+json")):
        raise UnknownForm(f"this is `{kind}`")
    if not body:
        return None
    try:
        return read_json(body)
    except InvalidJson as fault:
        raise UnfitDelivery(f"the body is not JSON, at {fault.path}: {fault.reason}") from None


def _read_form(body: bytes) -> JsonValue:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError:
        raise UnfitDelivery(f"the body is no form of at most {_MAX_FIELDS} fields in UTF-8") from None
    fields: dict[str, JsonValue] = {}
    for name, value in pairs:
        before = fields.get(name)
        if name not in fields:
            fields[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            fields[name] = [before, value]
    payload = fields.get("payload")
    if isinstance(payload, str):
        try:
            return read_json(payload.encode())
        except InvalidJson:
            return fields
    return fields


def find_answer(headers: Mapping[str, str], body: JsonValue) -> JsonValue:
    """What the sender wants to hear when it only tries the address out; None: this is a delivery."""
    if headers.get("X-GitHub-Event") == "ping":
        return {"pong": True}
    fields = as_object(body)
    if fields.get("type") == "url_verification" and "challenge" in fields:
        return {"challenge": fields["challenge"]}
    return None


def read_hook_event(hook: Hook, headers: Mapping[str, str], body: JsonValue, raw: bytes) -> HookEvent:
    """The event that a delivery is. Raises UnfitDelivery, InvalidEvent, InvalidJson."""

    def put_in(place: re.Match[str]) -> str:
        name = place[1]
        value = headers.get(name) if "-" in name else as_object(body).get(name)
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            where = f"header `{name}`" if "-" in name else f"field `{name}`"
            raise UnfitDelivery(f"its event is `{hook.event_name}`, and the {where} has no word that can stand there")
        return value

    event = HookEvent(_PLACE.sub(put_in, hook.event_name), _read_id(hook, headers, body, raw), body)
    check_event(event.name, event.id, event.body)
    return event


def _read_id(hook: Hook, headers: Mapping[str, str], body: JsonValue, raw: bytes) -> str:
    """The same for the same delivery, and no other hook's."""
    where = hook.delivery_id or _IDS.get(hook.signature.scheme if hook.signature else "", "none")
    kind, _, name = where.partition(":")
    found: object = None
    if kind == "header":
        found = headers.get(name)
    elif kind == "field":
        found = as_object(body).get(name)
    elif kind == "digest":
        found = hashlib.sha256(raw).hexdigest()
    if found is None or found == "":
        return f"{hook.id}:{uuid.uuid4()}"
    text = found if isinstance(found, str) else json.dumps(found, sort_keys=True)
    if len(text) > _LONGEST_ID or not text.isprintable():
        text = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f"{hook.id}:{text}"

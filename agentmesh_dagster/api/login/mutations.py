"""What a GraphQL request would do, and what it would cost: found out as Dagster's web server finds it out."""

import json
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, get_operation_ast, parse

from agentmesh_dagster.api.login.graphql_cost import FOR_EDITORS, FOR_READERS, MAX_TOKENS, TooCostly, check_cost
from agentmesh_dagster.api.login.rules import Denial, may_edit, refuse_editing
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object, check_value_count

_LONGEST_KEPT = 10_000  # characters, which take up to 2 MB when they are parsed


def find_graphql_refusal(body: bytes, identity: Identity | None) -> Denial | None:
    """Why the JSON body of a POST is not for Dagster.

    For who may not edit, anything is refused that is not surely a read: what cannot be read, names no operation, or is
    a batch (Dagster takes none). For nobody may it cost too much.
    """
    is_editor = may_edit(identity)
    try:
        request = _read_object(body)
        document = _parse(request.get("query")) if request else None
        if document is not None:
            _check_cost(document, request, is_editor=is_editor)
    except (TooCostly, InvalidJson) as fault:
        return Denial(HTTPStatus.BAD_REQUEST, str(fault))
    if is_editor:
        return None
    return refuse_editing(identity) if _may_mutate(document, request) else None


def _may_mutate(document: DocumentNode | None, request: Mapping[str, Any] | None) -> bool:
    name = request.get("operationName") if request else None
    if document is None or not (name is None or isinstance(name, str)):
        return True
    operation = get_operation_ast(document, name)
    return operation is None or operation.operation is OperationType.MUTATION


def message_is_for_dagster(text: str, is_editor: bool) -> bool:
    """The same of a websocket's message: Dagster executes subscriptions there, so a mutation in it has no business."""
    try:
        message = _read_object(text)
        payload: JsonValue = message.get("payload") if message is not None else None
        if not isinstance(payload, dict) or "query" not in payload:
            return is_editor or message is not None  # the protocol's own: connection_init, stop
        document = _parse(payload["query"])
        if document is not None:
            _check_cost(document, payload, is_editor=is_editor)
    except (TooCostly, InvalidJson):
        return False
    return is_editor or not (document is None or _has_mutation(document))


def _has_mutation(document: DocumentNode) -> bool:
    return any(
        isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.MUTATION
        for definition in document.definitions
    )


def _check_cost(document: DocumentNode, request: Mapping[str, Any] | None, *, is_editor: bool) -> None:
    variables: object = request.get("variables") if request else None
    known = as_object(variables)
    check_cost(document, known, FOR_EDITORS if is_editor else FOR_READERS)


def _read_object(text: bytes | str) -> dict[str, Any] | None:
    """Raises InvalidJson for what would become too many values."""
    try:
        decoded = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
        check_value_count(decoded)
        value: JsonValue = json.loads(decoded)
    except InvalidJson:
        raise
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@lru_cache(maxsize=64)
def _parse_text(query: str) -> DocumentNode | None:
    try:
        return parse(query, max_tokens=MAX_TOKENS, no_location=True)
    except RecursionError:
        raise TooCostly("The query is nested too deep.") from None
    except GraphQLError as fault:
        if "tokens" in fault.message:
            raise TooCostly(f"The query has more than {MAX_TOKENS:,} words.") from None
        return None


def _parse(query: Any) -> DocumentNode | None:
    """Dagster's pages ask the same queries again and again. Raises TooCostly."""
    if not isinstance(query, str):
        return None
    return _parse_text(query) if len(query) <= _LONGEST_KEPT else _parse_text.__wrapped__(query)

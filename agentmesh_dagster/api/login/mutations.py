"""What a GraphQL request would do, found out as Dagster's web server finds it out."""

import json
from typing import Any, cast

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, get_operation_ast, parse


def body_may_mutate(body: bytes) -> bool:
    """Whether the JSON body of a POST is anything but surely a read.

    What cannot be read, names no operation, or is a batch (Dagster takes none) counts as a change.
    """
    request = _read_object(body)
    name = request.get("operationName") if request else None
    document = _parse(request.get("query")) if request else None
    if document is None or not (name is None or isinstance(name, str)):
        return True
    operation = get_operation_ast(document, name)
    return operation is None or operation.operation is OperationType.MUTATION


def message_may_mutate(text: str) -> bool:
    """The same of a websocket's message: Dagster executes subscriptions there, so a mutation in it has no business."""
    message = _read_object(text)
    if message is None:
        return True
    payload = message.get("payload")
    if not isinstance(payload, dict) or "query" not in payload:
        return False  # the protocol's own: connection_init, stop
    document = _parse(cast("dict[str, Any]", payload)["query"])
    return document is None or any(
        isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.MUTATION
        for definition in document.definitions
    )


def _read_object(text: bytes | str) -> dict[str, Any] | None:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _parse(query: Any) -> DocumentNode | None:
    try:
        return parse(query) if isinstance(query, str) else None
    except (GraphQLError, RecursionError):
        return None

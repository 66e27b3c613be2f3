"""Notices: a webhook is told that a gate waits, again and again until it has heard."""

import hashlib
import hmac
import time
from urllib.parse import quote

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gates import StoredGate, record_notice
from agentmesh_dagster.tools import ToolError, ToolRequest, call_tool

SIGNATURE_HEADER = "X-AgentMesh-Signature"
_MAX_ATTEMPTS = 10
_FIRST_DELAY_SECONDS = 20.0
_LONGEST_DELAY_SECONDS = 3600.0
_CALL_SECONDS = 5.0


def send_notice(services: Services, gate: StoredGate) -> bool:
    """Tells the gate's `notify.url`; when it cannot be reached, plans the next try. Says whether it was told."""
    body = _write_body(services, gate)
    tool = Tool.model_validate(
        {
            "id": "notice",
            "name": "notice",
            "type": "http",
            # No secret: what the url says may come from a run's input.
            "config": {
                "method": "POST",
                "url": gate.notify_url and gate.notify_url.replace("${", "%24{"),
                "headers": _sign(services, body),
            },
        }
    )
    try:
        # The same guard as for tools: an author's webhook must not reach what a tool may not.
        call_tool(ToolRequest(tool, body, gate.step_id, time.monotonic() + _CALL_SECONDS), services.settings)
    except ToolError as error:
        tries_again = error.retryable and gate.notice_attempts + 1 < _MAX_ATTEMPTS
        delay = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**gate.notice_attempts)
        _record(services, gate, delay if tries_again else None)
        return False
    _record(services, gate, None)
    return True


def _record(services: Services, gate: StoredGate, again_in_seconds: float | None) -> None:
    with services.store.begin() as tx:
        record_notice(tx, gate, again_in_seconds=again_in_seconds)


def _write_body(services: Services, gate: StoredGate) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {
        "stepId": gate.step_id,
        "runId": gate.run_id,
        "workflowId": gate.workflow_id,
        "nodeId": gate.node_id,
        "instructions": gate.instructions,
        "assignees": [*gate.assignees],
        "openedAt": gate.opened_at.isoformat(),
    }
    if services.settings.public_url:
        body["link"] = f"{services.settings.public_url.rstrip('/')}/agentmesh/approvals/{quote(gate.step_id)}"
    return body


def _sign(services: Services, body: dict[str, JsonValue]) -> dict[str, str]:
    secret = services.settings.webhook_secret
    if secret is None:
        return {}
    digest = hmac.new(secret.get_secret_value().encode(), write_json(body).encode(), hashlib.sha256)
    return {SIGNATURE_HEADER: f"sha256={digest.hexdigest()}"}

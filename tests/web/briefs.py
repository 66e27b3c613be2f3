"""A workflow whose asset needs a person's yes for each partition."""

import uuid
from typing import Any

import httpx2

from tests.shapes import node, workflow


def save_brief(api: httpx2.Client, **asset: Any) -> str:
    """Saves a workflow of the test's own, with a daily asset `ai/<its id>`; its id."""
    workflow_id = f"brief_{uuid.uuid4().hex[:8]}"
    gate = node("ask", "human_approval", label="Is it good?", payload={"text": "{{ context.input.partition.key }}"})
    flow = workflow(
        workflow_id,
        [node("start", "start"), gate, node("end", "end", output="{{ context.last_output.payload }}")],
        ["start -> ask", "ask -> end"],
        name="Daily brief",
        asset={"key": f"ai/{workflow_id}", "partitions": {"daily": {"start": "2026-01-01"}}, **asset},
    )
    saved = api.post("/api/workflows", json=flow.to_wire() | {"projectId": "examples"})
    assert saved.status_code == 201, saved.text
    return workflow_id

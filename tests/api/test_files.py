"""Files that tools get: kept with their run, given to whoever may read it, and never shown as a page."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import run_workflow
from tests.api.office import Office
from tests.shapes import node, save, workflow
from tests.tools.servers import run_recorder

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


def fetch(services: Services) -> Any:
    """Runs a workflow whose tool gets an image; gives its output."""
    with run_recorder() as server:
        server.answers(200, PNG, "image/png", Content_Disposition='attachment; filename="../a b.png"')
        tool = Tool.model_validate({"id": "get", "name": "Get", "type": "http", "config": {"url": server.url}})
        nodes = [node("start", "start"), node("get", "tool", toolId="get", input={}), node("end", "end")]
        flow = workflow("w", nodes, ["start -> get", "get -> end"])
        save(services, tool, flow)
        run = run_workflow(services, flow)
    assert run.run.error is None
    return run.output


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_an_image_comes_back_as_it_was(office: Office, is_elsewhere: bool, tmp_path: Path):
    folder = tmp_path / "files"
    update = {"http_allow_hosts": "127.0.0.1", "files_url": str(folder) if is_elsewhere else ""}
    services = replace(office.services, settings=office.services.settings.model_copy(update=update))

    file = fetch(services)["file"]

    assert (file["name"], file["contentType"], file["size"]) == ("a b.png", "image/png", len(PNG))
    got = office.client.get(file["url"].removeprefix("/api"))
    assert (got.content, got.headers["content-type"]) == (PNG, "image/png")
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.png"
    assert got.headers["content-security-policy"].startswith("sandbox")
    assert len([path for path in folder.rglob("*") if path.is_file()]) == int(is_elsewhere)
    office.fault(404, "GET", "/files/none")

"""The OpenAPI document: enough to generate a client, and true."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel
from starlette.applications import Starlette
from starlette.routing import Mount

from agentmesh_dagster.api.app import build_api
from agentmesh_dagster.api.context import ApiContext
from tests.api.flows import AGENT
from tests.api.office import Office, WhoSays, serve

OPEN = {"createSession", "postCallback", "postToHook"}  # the way in, and addresses that are secrets


def list_routes(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif inner := getattr(route, "original_router", None):  # FastAPI keeps included routers as they are
            yield from list_routes(inner)


def test_every_route_asks_for_a_permission(office: Office):
    api = build_api(ApiContext(office.services, office.instance, office.workspace))
    routes = {to_camel(route.name): route for route in list_routes(api)}
    operations = [each for path in api.openapi()["paths"].values() for each in path.values()]
    assert routes.keys() == {operation["operationId"] for operation in operations}
    for name, route in routes.items():
        checks = {each.call.__qualname__ for each in route.dependant.dependencies if each.call}
        assert "requires.<locals>.check" in checks or name in OPEN, name


def test_every_operation_has_a_short_name_and_says_what_it_gives_and_refuses(office: Office):
    document = office.ok("GET", "/openapi.json")
    names: list[str] = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"]), path
            assert operation["description"]
            answers = operation["responses"]
            [good] = [answer for status, answer in answers.items() if status.startswith("2")]
            assert "content" not in good or all(media["schema"] for media in good["content"].values()), path
            assert {"401", "403", "422", "503"} <= answers.keys()
            refused = [answer for status, answer in answers.items() if not status.startswith("2")]
            assert all(list(answer["content"]) == ["application/problem+json"] for answer in refused), path
            if "requestBody" in operation:
                assert {"400", "413", "415"} <= answers.keys()
    assert len(names) == len(set(names))
    written = str(document)
    assert all(f"'{name}'" in written for name in ("securitySchemes", "bearer", "apiKey"))
    references = set(re.findall(r"#/components/schemas/([^']+)'", written))
    assert references <= document["components"]["schemas"].keys()


def test_mounted_elsewhere_it_says_where(office: Office):
    api = build_api(ApiContext(office.services, office.instance, office.workspace))
    app = Starlette(routes=[Mount("/mesh", routes=[Mount("/api", api)])])
    with serve(WhoSays(app)) as url, office.open_client() as client:
        base = f"{url}/mesh/api"
        assert client.get(f"{base}/openapi.json").json()["servers"] == [{"url": "/mesh/api"}]
        assert client.get(f"{base}/about").json()["dagsterUrl"] == "/mesh/"
        made = client.post(f"{base}/agents", json=AGENT)
        assert made.headers["Location"] == f"/mesh/api/agents/{made.json()['id']}"
        assert "/mesh/api/openapi.json" in client.get(f"{base}/nothing").json()["detail"]

"""The web app's files, under `/agentmesh`."""

import html
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

DIST: Final = Path(__file__).parents[1] / "web" / "dist"  # made by `npm run build`; a wheel carries it
_FOR_EVER = "public, max-age=31536000, immutable"  # a changed asset has another name: a hash is part of it
_ASK_EACH_TIME = "no-cache"

# React Flow places its nodes by inline styles.
_PAGE_MAY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_BASE = "<base "

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>AgentMesh: the web app is not built</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1rem }}</style>
<h1>The web app is not built</h1>
<p>This installation comes from its source. Build the web app, which needs Node.js, then load this page again:</p>
<pre>cd {folder}
npm ci
npm run build</pre>
<p>Meanwhile there are the API at <a href="{root}/api/openapi.json">{root}/api</a>
and <a href="{root}/">Dagster's UI</a>.</p>
</html>
"""


def build_web_app(dist: Path = DIST) -> list[BaseRoute]:
    """The routes of the web app: its files, and its page for every other path below `/agentmesh`."""

    def show(request: Request) -> Response:
        return _show(request, dist)

    def add_slash(request: Request) -> Response:
        return RedirectResponse(f"{_read_root(request)}/agentmesh/")

    return [Route("/agentmesh", add_slash), Route("/agentmesh/{path:path}", show)]


def _show(request: Request, dist: Path) -> Response:
    path: str = request.path_params["path"]
    if path == "index.html":
        return _show_page(request, dist)
    file = _find(dist, path)
    if file is not None:
        caching = _FOR_EVER if path.startswith("assets/") else _ASK_EACH_TIME
        return FileResponse(file, headers={"Cache-Control": caching})
    if path.startswith("assets/"):  # of another release: a page instead of it would only confuse
        raise HTTPException(404, f"no such file: {path}")
    return _show_page(request, dist)


def _find(dist: Path, path: str) -> Path | None:
    """The file of that path in `dist`, and never one outside of it."""
    try:
        file = (dist / path).resolve()
        return file if file.is_relative_to(dist.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # too long a name; a null byte
        return None


def _show_page(request: Request, dist: Path) -> Response:
    root = _read_root(request)
    try:
        page = (dist / "index.html").read_text("utf-8")
    except FileNotFoundError:
        page = _NOT_BUILT.format(folder=html.escape(str(dist.parent)), root=html.escape(root))
        return HTMLResponse(page, 503, {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})
    # The page names its files, the API and its own paths relative to this, whatever path it was asked for.
    base = f'<base href="{html.escape(root)}/agentmesh/">'
    if _BASE in page:
        head, _, rest = page.partition(_BASE)
        page = head + base + rest.partition(">")[2]
    else:
        page = page.replace("<head>", f"<head>{base}", 1)
    return HTMLResponse(page, headers={"Content-Security-Policy": _PAGE_MAY, "Cache-Control": "no-store"})


def _read_root(request: Request) -> str:
    """The path prefix, empty or without a slash at its end."""
    return str(request.scope.get("root_path", "")).rstrip("/")

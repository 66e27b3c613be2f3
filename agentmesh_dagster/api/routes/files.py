"""Files that tools got from outside, such as images and PDFs."""

from urllib.parse import quote

from fastapi import Response

from agentmesh_dagster.api.requests import Asked, PathId, build_router, faults
from agentmesh_dagster.runtime.files import read_file
from agentmesh_dagster.store.files import get_file

router = build_router("/files", "files")


@router.get("/{id}", response_class=Response, responses=faults(404))
def download_file(call: Asked, identity: PathId) -> Response:
    """The content of a file; it is deleted with its run."""
    with call.context.services.store.read() as connection:
        file = get_file(connection, identity)
    # What came from outside is saved and never shown: it could be a page with scripts.
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
    }
    return Response(read_file(file), media_type=file.content_type, headers=headers)

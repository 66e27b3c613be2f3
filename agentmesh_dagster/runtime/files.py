"""Where files of runs are kept: in the store, or in the folder or bucket that the operator has set."""

import uuid
from collections.abc import Iterable
from typing import cast

from upath import UPath

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.files import FileNotFound, StoredFile, record_file
from agentmesh_dagster.tools.errors import InvalidToolOutput, cut_excerpt
from agentmesh_dagster.tools.request import FileContent


def keep_file(services: Services, run_id: str, file: FileContent) -> JsonValue:
    """Keeps a file with its run, and gives the reference that stands for it. Raises InvalidToolOutput."""
    identity = uuid.uuid4().hex
    folder = services.settings.files_url
    address = _write(folder, run_id, identity, file) if folder else None
    with services.store.begin() as tx:
        record_file(
            tx,
            identity,
            run_id,
            file.name,
            file.content_type,
            len(file.content),
            content=None if address else file.content,
            address=address,
        )
    return {**cast("dict[str, JsonValue]", file.describe()), "id": identity, "url": f"/api/files/{identity}"}


def read_file(file: StoredFile) -> bytes:
    """The content, from wherever it is. Raises FileNotFound, and what the folder or bucket raises."""
    if file.content is not None:
        return file.content
    try:
        return UPath(file.address or "").read_bytes()
    except FileNotFoundError:
        raise FileNotFound(f"`{file.id}` is no longer at {file.address}") from None


def delete_contents(addresses: Iterable[str]) -> None:
    """Deletes contents that are not in the store; one that is gone already is no fault."""
    for address in addresses:
        UPath(address).unlink(missing_ok=True)


def _write(folder: str, run_id: str, identity: str, file: FileContent) -> str:
    path = UPath(folder) / run_id / identity
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    except (OSError, ValueError, ImportError) as error:
        fault = f"the file cannot be kept at AGENTMESH_FILES_URL: {type(error).__name__}: {cut_excerpt(str(error))}"
        raise InvalidToolOutput(fault) from error
    return str(path)

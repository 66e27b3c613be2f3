"""Files of runs: what a tool got that is no text. The content stands here, or in the operator's folder or bucket."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import files


class FileNotFound(NotFound):
    """There is no such file: it is deleted with its run."""


@dataclass(frozen=True)
class StoredFile:
    id: str
    run_id: str
    name: str
    content_type: str
    size: int  # bytes
    created_at: datetime
    address: str | None  # where the content is; None: here
    content: bytes | None = field(repr=False)


def record_file(
    tx: Connection,
    identity: str,
    run_id: str,
    name: str,
    content_type: str,
    size: int,
    *,
    content: bytes | None = None,
    address: str | None = None,
) -> None:
    """Writes down a file with its content, or with the address that this is at."""
    coded = None if content is None else base64.b64encode(content).decode()
    row = {"id": identity, "run_id": run_id, "name": name, "content_type": content_type, "size": size}
    tx.execute(insert(files).values(**row, content=coded, address=address, created_at=now(tx)))


def get_file(connection: Connection, identity: str) -> StoredFile:
    """Raises FileNotFound."""
    row = connection.execute(select(files).where(files.c.id == identity)).mappings().one_or_none()
    if row is None:
        raise FileNotFound(f"`{identity}`")
    fields: dict[str, Any] = {str(name): value for name, value in row.items()}
    if fields["content"] is not None:
        fields["content"] = base64.b64decode(fields["content"])
    return StoredFile(**fields)


def list_addresses(connection: Connection, run_ids: Sequence[str]) -> list[str]:
    """Where contents of files of these runs are that are not here."""
    query = select(files.c.address).where(files.c.run_id.in_(run_ids), files.c.address.is_not(None))
    return [row.address for row in connection.execute(query)]

"""Assets: what the code locations define, the workflows' and everybody else's."""

from collections.abc import Mapping

from agentmesh_dagster import wire
from agentmesh_dagster.api.requests import Asked, build_router
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG

router = build_router("/assets", "assets")


@router.get("")
def list_assets(call: Asked) -> wire.PageOf[wire.ListedAsset]:
    """The assets of the loaded code locations, by key, on one page; what was saved just now may be missing."""
    items = [
        wire.ListedAsset(
            key=asset.key,
            location=asset.location,
            group=asset.group,
            workflow_id=_read_text(asset.metadata, WORKFLOW_TAG),
        )
        for asset in call.context.workspace.list_assets()
    ]
    return wire.PageOf[wire.ListedAsset](items=items)


def _read_text(metadata: Mapping[str, object], key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) else None

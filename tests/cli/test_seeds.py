"""What `agentmesh dev` and `agentmesh demo` apply by themselves never undoes a person's work."""

from pathlib import Path

import pytest

from agentmesh_dagster.cli.documents.files import CheckedFile, check_files
from agentmesh_dagster.cli.documents.seeds import DEV, Seeded, seed
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import delete_entity, find_entity, list_entities, save_checked
from tests.cli.documents import chain, write_yaml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str) -> list[CheckedFile]:
    """The file `workflow.yaml`, whose workflow `w` is called `name`."""
    write_yaml(folder / "workflow.yaml", {"workflows": [chain("w") | {"name": name}]})
    return check_files([folder / "workflow.yaml"], Lookup())


def start(store: Store, checked: list[CheckedFile]) -> Seeded:
    return seed(store, checked, author=DEV, revive=False)


def names(store: Store) -> list[str]:
    return [workflow.name for workflow in list_entities(store, Kind.WORKFLOW).items]


def test_what_is_new_and_what_only_the_file_has_changed_is_saved(store: Store, folder: Path):
    assert [one.change for one in start(store, write(folder, "One")).saved] == ["created"]
    assert [one.change for one in start(store, write(folder, "One")).saved] == ["unchanged"]
    assert [one.change for one in start(store, write(folder, "Two")).saved] == ["updated"]
    assert names(store) == ["Two"]


def test_what_somebody_has_changed_stays_and_is_told(store: Store, folder: Path):
    start(store, write(folder, "One"))
    mine = find_entity(store, Kind.WORKFLOW, "w").model_copy(update={"name": "Mine"})
    save_checked(store, [mine], author="ann")

    again = start(store, write(folder, "One"))

    assert [entity.id for entity in again.kept] == ["w"]
    assert names(store) == ["Mine"]


def test_what_somebody_has_deleted_stays_so(store: Store, folder: Path):
    start(store, write(folder, "One"))
    delete_entity(store, Kind.WORKFLOW, "w", author="ann")

    assert [entity.id for entity in start(store, write(folder, "One")).kept] == ["w"]
    assert names(store) == []


def test_what_somebody_has_saved_as_the_file_says_is_nothing_to_tell(store: Store, folder: Path):
    save_checked(store, list(write(folder, "One")[0].document.workflows), author="ann")
    assert start(store, write(folder, "One")) == Seeded([], [])

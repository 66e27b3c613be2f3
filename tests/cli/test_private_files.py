"""What commands write: the home is its owner's alone, a document that is written out is not."""

import os
import stat
import subprocess
from pathlib import Path

from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import close_stores, open_store
from tests.cli.test_process import AGENTMESH


def list_open(folder: Path) -> list[str]:
    """What in the folder, itself included, others may read or change."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_the_home_is_its_owners_alone_also_one_that_was_open(tmp_path: Path, home: Path):
    home.mkdir(mode=0o755)
    documents = tmp_path / "written"

    for arguments in (["demo"], ["token", "create", "ci", "--role", "viewer"], ["export", "-o", str(documents)]):
        subprocess.run(
            [*AGENTMESH, *arguments], cwd=tmp_path, check=True, capture_output=True, preexec_fn=lambda: os.umask(0o022)
        )

    assert (home / "agentmesh.db").exists()
    assert (home / "dagster.yaml").exists()
    assert list_open(home) == []
    written = list(documents.iterdir())
    assert written
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o644}


def test_a_store_that_others_could_read_is_closed_when_it_is_opened(tmp_path: Path):
    folder, before = tmp_path / "data", os.umask(0o022)
    try:
        store = open_store(f"sqlite:///{folder / 'mesh.db'}")
        assert list_open(folder) == []
        with store.begin():  # writes its log beside it
            assert list_open(folder) == []
        close_stores()
        (folder / "mesh.db").chmod(0o644)
        open_store(f"sqlite:///{folder / 'mesh.db'}")
        assert list_open(folder) == []
    finally:
        os.umask(before)


def test_dagsters_home_is_closed_too(tmp_path: Path):
    home, before = tmp_path / "mine", os.umask(0o022)
    home.mkdir()
    try:
        with open_instance(Settings(home=home)):
            assert stat.S_IMODE(home.stat().st_mode) == 0o700
    finally:
        os.umask(before)

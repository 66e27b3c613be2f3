"""A disk that is full or read-only, a file that is damaged: clear words, nothing half written, and reads go on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import (
    Store,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    close_stores,
    open_store,
)
from agentmesh_dagster.store.catalogue import current_revision, list_entities, save_entities
from tests.process.servers import AGENTMESH, clean_environment
from tests.store.examples import agent
from tests.store.trouble import make_full, make_read_only

MUCH = [agent(f"after-{number}", systemPrompt="x" * 10_000) for number in range(50)]


@pytest.fixture
def saved(store: Store) -> Store:
    save_entities(store, [agent("before")], author="ann")
    return store


@pytest.fixture(params=[make_full, make_read_only])
def trouble(request: pytest.FixtureRequest, saved: Store) -> Iterator[Store]:
    with request.param(saved):
        yield saved


def list_agents(store: Store) -> list[str]:
    return [one.id for one in list_entities(store, Kind.AGENT, limit=500).items]


def test_nothing_is_written_and_what_is_there_is_read(trouble: Store):
    revision = current_revision(trouble)
    with pytest.raises((StoreFull, StoreReadOnly)):
        save_entities(trouble, MUCH, author="ann")
    assert list_agents(trouble) == ["before"]
    assert current_revision(trouble) == revision


def test_once_there_is_room_again_it_goes_on(saved: Store):
    with make_full(saved), pytest.raises(StoreFull):
        save_entities(saved, MUCH, author="ann")
    save_entities(saved, [agent("after")], author="ann")
    assert list_agents(saved) == ["after", "before"]


def test_a_file_that_may_not_grow_is_a_full_disk_for_the_command_line(tmp_path: Path):
    environment = clean_environment() | {"AGENTMESH_HOME": str(tmp_path / "home")}

    def type_(command: str, limit: str = "unlimited") -> "subprocess.CompletedProcess[str]":
        shell = ["bash", "-c", f'ulimit -f {limit}; exec "$@"', "bash", *AGENTMESH, *command.split()]
        return subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    (tmp_path / "small.yaml").write_text("agents:\n  - {id: a, name: A, modelProvider: local, modelName: small}\n")
    known = "modelProvider: local, modelName: small"
    big = "".join(f"  - {{id: b{n}, name: B{n}, {known}, systemPrompt: {'x' * 20_000}}}\n" for n in range(100))
    (tmp_path / "big.yaml").write_text(f"agents:\n{big}")
    assert type_("apply small.yaml").returncode == 0
    refused = type_("apply big.yaml", limit="600")  # kB
    assert refused.returncode == 2, refused.stderr
    assert "There is no room left where the store is" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    listed = type_("list", limit="600")
    assert listed.returncode == 0, listed.stderr
    assert "B7" not in listed.stdout


def test_who_comes_when_the_disk_is_full_already_reads_without_the_files_that_sqlite_makes_for_it(tmp_path: Path):
    file = tmp_path / "store.db"
    url = f"sqlite:///{file}"
    save_entities(open_store(url), [agent("before")], author="ann")
    close_stores()
    read = f"""
from concurrent.futures import ThreadPoolExecutor
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import StoreFull, open_store
from agentmesh_dagster.store.catalogue import list_entities, save_entities
from tests.store.examples import agent
store = open_store({url!r})
with ThreadPoolExecutor(4) as pool:
    pages = list(pool.map(lambda _: list_entities(store, Kind.AGENT, limit=5).items, range(8)))
assert [[one.id for one in page] for page in pages] == [["before"]] * 8
try:
    save_entities(store, [agent("after", systemPrompt="x" * 100_000)], author="ann")
except StoreFull:
    print("full")
"""
    shell = ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash", sys.executable, "-c", read]  # kB: the index takes 32
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("full\n", 0), done.stderr
    assert list_agents(open_store(url)) == ["before"]


@pytest.fixture
def on_a_read_only_disk(tmp_path: Path) -> list[str]:
    """What to type before a command that is to see `tmp_path` so."""
    mount = f'mount --bind {tmp_path} {tmp_path} && mount -o remount,bind,ro {tmp_path} && exec "$@"'
    shell = ["unshare", "--mount", "--map-root-user", "bash", "-c", mount, "bash"]
    if shutil.which("unshare") is None or subprocess.run([*shell, "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return shell


def test_on_a_read_only_disk_a_store_that_was_closed_is_read(tmp_path: Path, on_a_read_only_disk: list[str]):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    save_entities(open_store(url), [agent("before")], author="ann")
    close_stores()
    code = f"""
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import StoreUnavailable, open_store
from agentmesh_dagster.store.catalogue import list_entities, save_entities
from tests.store.examples import agent
try:
    store = open_store({url!r})
    print([one.id for one in list_entities(store, Kind.AGENT, limit=5).items])
    save_entities(store, [agent("after")], author="ann")
except StoreUnavailable as error:
    print(type(error).__name__, error)
"""

    def run() -> "subprocess.CompletedProcess[str]":
        command = [*on_a_read_only_disk, sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    done = run()
    read, refused = done.stdout.splitlines()
    assert read == "['before']"
    assert refused.startswith("StoreReadOnly The store can be read but not written")
    assert "read-only file system" in refused
    assert done.stderr.count("what it holds can be read") == 1

    (tmp_path / "store.db-wal").write_bytes(b"the last writes")
    assert "its last writes are in" in run().stdout


def test_an_empty_file_where_a_store_was_is_not_a_new_store(tmp_path: Path):
    file = tmp_path / "store.db"
    url = f"sqlite:///{file}"
    save_entities(open_store(url), [agent("before")], author="ann")
    close_stores()
    shutil.copy(file, tmp_path / "backup.db")
    file.write_bytes(b"")
    file.with_name("store.db-wal").write_bytes(b"the last writes")

    with pytest.raises(StoreDamaged, match=r"store\.db is empty, and it has held a store since \d{4}-.*backup"):
        open_store(url)
    assert file.read_bytes() == b""
    assert file.with_name("store.db-wal").read_bytes() == b"the last writes", "whoever restores may want them"

    file.with_name("store.db-wal").unlink()
    shutil.copy(tmp_path / "backup.db", file)
    assert list_agents(open_store(url)) == ["before"]


def test_a_store_that_is_gone_is_not_made_anew_without_a_word(tmp_path: Path):
    file = tmp_path / "store.db"
    url = f"sqlite:///{file}"
    save_entities(open_store(url), [agent("before")], author="ann")
    close_stores()
    file.unlink()

    with pytest.raises(StoreDamaged, match=r"store\.db is gone, and it has held a store .* remove \S+\.db\.made$"):
        open_store(url)
    assert not file.exists()

    file.with_name("store.db.made").unlink()
    assert list_agents(open_store(url)) == []


def test_an_empty_file_where_no_store_was_becomes_one(tmp_path: Path):
    (tmp_path / "store.db").touch()  # as `mktemp` does it, or a process that was killed in its first moment
    assert current_revision(open_store(f"sqlite:///{tmp_path / 'store.db'}")) == 0


@pytest.mark.parametrize("damage", ["garbage", "cut"])
def test_a_damaged_file_is_called_that_and_left_as_it_is(tmp_path: Path, damage: str):
    file = tmp_path / "store.db"
    url = f"sqlite:///{file}"
    save_entities(open_store(url), [agent(f"a-{number}") for number in range(200)], author="ann")
    close_stores()
    whole = file.read_bytes()
    file.write_bytes(os.urandom(len(whole)) if damage == "garbage" else whole[: len(whole) // 8])
    left = file.read_bytes()

    with pytest.raises(StoreDamaged):
        list_agents(open_store(url))
    close_stores()
    assert file.read_bytes() == left


def test_each_error_of_postgresql_has_its_word(store: Store):
    if store.url.drivername == "sqlite":
        pytest.skip("of PostgreSQL")
    for condition, kind in {"disk_full": StoreFull, "data_corrupted": StoreDamaged}.items():
        with pytest.raises(kind), store.begin() as tx:
            tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION {condition}; END $$"))

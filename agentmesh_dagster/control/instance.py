"""Dagster's instance: where its runs and their logs are kept."""

import fcntl
import logging
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from agentmesh_dagster.control.dagster_internals import CheckError
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.private_files import make_private_folder
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.speedups import WITHOUT_EXTENSIONS, fit_dagster_yaml
from agentmesh_dagster.translator.dagster_runs import read_instance_id

_log = logging.getLogger(__name__)

_CONFIG = "dagster.yaml"
_PACKAGE = Path(__file__).parents[1]
_LOCK = ".agentmesh.lock"
_MARK = "# Copied by agentmesh. Take this line away, and the file is yours: it is never written again.\n"


class InstanceUnavailable(AgentMeshError):
    """Dagster's instance cannot be opened."""


@contextmanager
def open_instance(settings: Settings) -> Generator[dg.DagsterInstance]:
    """The persistent instance in DAGSTER_HOME if that is set, else in the home folder, which is made.

    The home folder gets the `dagster.yaml` that the settings name, else that of the current folder, else the one that
    AgentMesh ships with: so it is a complete DAGSTER_HOME for `dagster dev`. Raises InstanceUnavailable.
    """
    given = os.environ.get("DAGSTER_HOME")
    folder = Path(given).expanduser() if given else settings.home
    if given and not folder.is_dir():
        raise InstanceUnavailable(f"DAGSTER_HOME is {folder}, and there is no such folder")
    try:
        if not given:
            make_private_folder(folder)
        with _locked(folder):
            if not given:
                _write_config(folder, settings.dagster_yaml)
            instance = dg.DagsterInstance.get() if given else dg.DagsterInstance.from_config(str(folder))
            _touch(instance)
    except (dg.DagsterError, CheckError, yaml.YAMLError, OSError) as error:
        raise InstanceUnavailable(f"in {folder}: {error}") from error
    with instance:
        yield instance


def enter_home(settings: Settings, *, check: Callable[[dg.DagsterInstance], None] | None = None) -> None:
    """Sets DAGSTER_HOME to the home folder unless it is set, for Dagster's own code in this process and its children.

    The instance is opened once, so that no two processes make its files at the same moment; `check` sees it and may
    raise. Raises InstanceUnavailable.
    """
    with open_instance(settings) as instance:
        if check is not None:
            check(instance)
        os.environ.setdefault("DAGSTER_HOME", str(settings.home))


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    # Two processes that make Dagster's SQLite files at the same moment crash one of them.
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _touch(instance: dg.DagsterInstance) -> None:
    """Makes the tables of each storage, which Dagster puts off until the first use."""
    instance.get_runs_count()
    read_instance_id(instance)  # made at the first look
    instance.event_log_storage.get_maximum_record_id()
    if instance.schedule_storage is not None:
        instance.schedule_storage.all_instigator_state()


def _write_config(home: Path, given: Path | None) -> None:
    config, here = home / _CONFIG, Path.cwd() / _CONFIG
    chosen = given or (here if here.exists() else None)
    before = config.read_text() if config.exists() else None
    if before is not None and not before.startswith(_MARK):
        return
    source = chosen.read_text() if chosen else before or _find_default_config().read_text()
    wanted = fit_dagster_yaml(source.removeprefix(_MARK))
    if before == _MARK + wanted:
        return
    if wanted != source.removeprefix(_MARK):
        _log.warning(WITHOUT_EXTENSIONS)
    config.write_text(_MARK + wanted)


def _find_default_config() -> Path:
    # At the repository's root; a wheel carries it inside the package.
    return next(folder / _CONFIG for folder in (_PACKAGE, _PACKAGE.parent) if (folder / _CONFIG).exists())

"""`agentmesh dev`: the web server, Dagster's daemon and the code servers, with one command."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from agentmesh_dagster.api.addresses import DEFAULT_HOST, bind, check_path_prefix, choose_port, show_address
from agentmesh_dagster.api.connections import raise_open_files_limit
from agentmesh_dagster.api.login.hosts import check_auth_setting, is_loopback
from agentmesh_dagster.cli.documents.files import NoDocuments, check_files, list_files
from agentmesh_dagster.cli.documents.seeds import DEV, find_examples, seed
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.output.console import open_console, say
from agentmesh_dagster.cli.output.documents import print_issues, report_what_was_kept
from agentmesh_dagster.cli.processes.children import Child, describe_end, end, make_ready_to_fork
from agentmesh_dagster.cli.processes.home_lock import ClaimedHome, claim_home
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.store.catalogue import InvalidDocument

_DOCUMENTS = Path("workflows")
_LOOK_EVERY_SECONDS = 0.1

_GRACE_SECONDS = 4.5  # all of it has to be over within 10 seconds, with whatever is still running killed


@dataclass(frozen=True)
class DevOptions:
    """What `agentmesh dev` is told."""

    host: str | None = None
    port: int | None = None  # None: Dagster's usual one, or a free one when that is taken
    path_prefix: str = ""
    workspace: Path | None = None  # None: that of the current folder, else our own code location alone
    apply: bool = True
    log_level: str = "warning"  # of Dagster's processes


def serve_all(options: DevOptions) -> ExitCode:
    """Starts everything, and ends it on SIGINT or SIGTERM, or when one of the processes has ended by itself.

    Raises HomeInUse, PortInUse, LoginOffInPublic, InvalidPathPrefix, StoreUnavailable: then nothing was started.
    """
    settings = get_settings()
    host, prefix = options.host or DEFAULT_HOST, options.path_prefix
    check_auth_setting(settings, host)
    check_path_prefix(prefix)
    raise_open_files_limit()  # what is started here inherits it
    with claim_home(settings.home) as claimed:
        return _serve_from(claimed, settings, host, options)


def _serve_from(claimed: ClaimedHome, settings: Settings, host: str, options: DevOptions) -> ExitCode:
    console = open_console()
    port = options.port or choose_port(host)
    bind(host, port).close()
    url = show_address(host, port) + options.path_prefix
    claimed.set_owner(f"`agentmesh dev` at {url}")
    services = open_services()
    if options.apply:
        _apply_documents(services, console)
    say(console, "Starting; Ctrl-C ends it.", "dim")
    _set_environment(settings, host, url, options.log_level)
    services.store.close()  # no file of it may be open in two processes at once
    stop = _Stop()
    # Only now: it takes seconds, and nobody else needs it. The children share what is imported here.
    from agentmesh_dagster.cli.processes.entry_points import run_daemon, serve_web

    make_ready_to_fork()
    address = ("--host", host, "--port", str(port), "--path-prefix", options.path_prefix)
    children = [
        Child("web server", serve_web(claimed.folder, [*address, "--dagster-log-level", options.log_level])),
        Child("daemon", run_daemon(claimed.folder, options.workspace, options.log_level)),
    ]
    try:
        failed = _watch(children, stop)
    finally:
        end(children, _GRACE_SECONDS, hurry=lambda: stop.asked > 1)
    if failed is None:
        return ExitCode.DONE
    say(open_console(as_json=True), f"{failed}, so everything was ended.", "red")
    return ExitCode.FAILED


class _Stop:
    """How often somebody has asked us to end: once is asking, twice is impatience."""

    def __init__(self) -> None:
        self.asked = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count)  # also where they were ignored, as behind a shell's `&`

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1


def _watch(children: list[Child], stop: _Stop) -> str | None:
    """Waits until we are asked to end, or a child has ended: then what there is to say of that."""
    while not stop.asked:
        for child in children:
            if (exit_code := child.read_exit_code()) is not None:
                return f"The {child.title} has ended ({describe_end(exit_code)})"
        time.sleep(_LOOK_EVERY_SECONDS)
    return None


def _set_environment(settings: Settings, host: str, url: str, log_level: str) -> None:
    os.environ.setdefault("AGENTMESH_HOME", str(settings.home))
    os.environ.setdefault("AGENTMESH_CONSOLE_LOG_LEVEL", log_level.upper())  # Dagster's UI shows what steps say
    if is_loopback(host):
        os.environ.setdefault("AGENTMESH_PUBLIC_URL", url)  # for links in Dagster's UI
    os.environ["DAGSTER_IS_DEV_CLI"] = "1"


def _apply_documents(services: Services, console: Console) -> None:
    """Brings the documents of `workflows/`, or the examples, into the store; faults in them stop nothing."""
    folder = _DOCUMENTS if _DOCUMENTS.is_dir() else find_examples()
    try:
        files = list_files([folder])
    except NoDocuments:
        return
    checked = check_files(files, Lookup())
    if any(not file.is_valid for file in checked):
        print_issues(console, [file for file in checked if file.issues])
        say(console, f"Nothing of {folder} was applied. Mend it, then type `agentmesh apply {folder}`.", "red")
        return
    try:
        seeded = seed(services.store, checked, author=DEV, revive=False)
    except InvalidDocument as fault:
        say(console, f"Nothing of {folder} was applied. {fault}", "red")
        return
    changed = sum(saved.change != "unchanged" for saved in seeded.saved)
    if changed:
        say(console, f"{folder}: {changed} entities were created or updated.", "dim")
    report_what_was_kept(console, seeded, f"`agentmesh apply {folder}` takes over what the files say.")

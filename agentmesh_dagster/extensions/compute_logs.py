"""Dagster's local compute logs without the four processes that it starts for each run."""

import os
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from typing import Any, BinaryIO, Self, TextIO

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import (
    IO_TYPE_EXTENSION,
    CapturedLogContext,
    ComputeIOType,
    ConfigurableClassData,
    LocalComputeLogManager,
    ensure_file,
    redirect_to_file,  # pyright: ignore[reportUnknownVariableType]
    touch_file,
)

_SHOWN_WITHIN_SECONDS = 0.1
_GRACE_SECONDS = 2.0  # for a console that does not take what it is shown


class LightComputeLogManager(LocalComputeLogManager):
    """What steps print goes to Dagster's files, and is shown on the console too, by a thread instead of by `tail`."""

    def __init__(
        self, base_dir: str = "", polling_timeout: float | None = None, inst_data: ConfigurableClassData | None = None
    ) -> None:
        super().__init__(base_dir, polling_timeout, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        return {
            "base_dir": dg.Field(dg.StringSource, is_required=False, description="The instance's folder unless given."),
            "polling_timeout": dg.Field(float, is_required=False),
        }

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        super().register_instance(instance)
        self._base_dir = self._base_dir or instance.storage_directory()

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Generator[CapturedLogContext]:
        out, err = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind])
            for kind in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        with _capture(sys.stdout, out), _capture(sys.stderr, err):
            yield CapturedLogContext(log_key)
        complete: str = self.complete_artifact_path(log_key)  # pyright: ignore[reportUnknownMemberType]
        touch_file(complete)


@contextmanager
def _capture(stream: TextIO, path: str) -> Generator[None]:
    """Whatever is written to the stream's file descriptor, also by C or a child process, goes to the file at `path`."""
    ensure_file(path)
    try:
        console = os.dup(stream.fileno())
    except (UnsupportedOperation, AttributeError, ValueError):  # a stream of a test, or none: nothing to capture
        yield
        return
    over = threading.Event()
    shown = threading.Thread(target=_show, args=(path, console, over), name=f"console {path}", daemon=True)
    shown.start()
    try:
        with redirect_to_file(stream, path):
            yield
    finally:
        over.set()
        shown.join(_GRACE_SECONDS)


def _show(path: str, console: int, over: threading.Event) -> None:
    """Copies what is written to the file to the console, until it is over; then the rest."""
    # A console that is gone, such as a closed pipe, keeps nobody from working.
    with suppress(OSError), open(console, "wb") as shown, open(path, "rb") as written:
        while not over.wait(_SHOWN_WITHIN_SECONDS):
            _copy(written, shown)
        _copy(written, shown)


def _copy(written: BinaryIO, shown: BinaryIO) -> None:
    if new := written.read():
        shown.write(new)
        shown.flush()

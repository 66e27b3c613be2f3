"""Files that nobody but their owner reads: the store, Dagster's home and logs hold what people and models said."""

import errno
import logging
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_log = logging.getLogger(__name__)

_OTHERS = 0o077
_before: list[int] = []  # the umask that this process was started with, once it was changed


def keep_private() -> None:
    """Whatever this process and its children make from now on is their owner's alone."""
    if not _before:
        _before.append(os.umask(_OTHERS))


@contextmanager
def as_the_shell_says() -> Generator[None]:
    """What is made in here is readable as whoever started this process wants: a document that is written out, say."""
    mine = os.umask(_before[0]) if _before else None
    try:
        yield
    finally:
        if mine is not None:
            os.umask(mine)


def make_private_folder(folder: Path) -> None:
    """Makes a folder that its owner alone may enter, and closes one that others could. Raises OSError.

    A new one is left out of version control: it may be made in the middle of a project.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignored = folder / ".gitignore"
        ignored.touch(mode=0o600)
        ignored.write_text("*\n")
    close_to_others(folder)


def close_to_others(path: Path) -> None:
    """Takes from all but the owner what they may do; where it is not ours to change, the log says so.

    On a read-only file system they may do it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno == errno.EROFS:
            return
        if not isinstance(error, PermissionError):
            raise
        _log.warning("Others may read %s, and it belongs to somebody else: `chmod go= %s`", path, path)

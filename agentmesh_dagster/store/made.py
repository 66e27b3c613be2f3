"""The note beside an SQLite store that one was made there: where it is empty or gone, none is made anew."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL

from agentmesh_dagster.store.faults import StoreDamaged


def check_file(url: URL) -> None:
    """Raises StoreDamaged when the file is empty or gone although a store was made there.

    To be asked before SQLite looks at it, which would throw away the log of its last writes, too.
    """
    file = Path(url.database or "")
    note = _find_note(file)
    if (file.exists() and file.stat().st_size > 0) or not note.exists():
        return
    found, remove = ("empty", f"{file} and {note}") if file.exists() else ("gone", str(note))
    raise StoreDamaged(
        f"{file} is {found}, and {note.read_text('utf-8').strip()}. Put a backup in its place; or, to begin anew, "
        f"remove {remove}"
    )


def note_made(url: URL) -> None:
    """Notes that there is a store now."""
    note = _find_note(Path(url.database or ""))
    if not note.exists():
        with suppress(OSError):  # where nothing can be written, nothing will be made anew
            note.touch(0o600)
            note.write_text(f"it has held a store since {datetime.now(UTC):%Y-%m-%d}\n", "utf-8")


def _find_note(file: Path) -> Path:
    return file.with_name(f"{file.name}.made")

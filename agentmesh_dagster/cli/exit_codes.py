"""What the command line's exit codes mean."""

from enum import IntEnum


class ExitCode(IntEnum):
    DONE = 0
    FAILED = 1  # the run failed or was canceled; a document has issues
    REFUSED = 2  # nothing was done: the command line, a name or the installation is at fault
    WAITS = 3  # the run waits
    TOO_LATE = 4  # the gate had been answered, had expired or was canceled before
    INTERRUPTED = 130  # Ctrl-C; the run was canceled


EXPLAINED = (
    "Exit codes: 0 done, or the run succeeded · 1 the run failed or was canceled, or a document has issues · "
    "2 nothing was done (standard error says why) · 3 the run waits · "
    "4 the gate was not open any more · 130 Ctrl-C, the run was canceled."
)

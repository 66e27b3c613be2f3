"""What a piece of work costs, in figures that are the same on a machine that is slow or busy."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Longer than any machine needs for what takes milliseconds, and shorter than what would be wrong: a server that never
# answers, a pattern that backtracks for hours.
FAR_TOO_LONG_SECONDS = 60


def count_calls(work: Callable[[], Any]) -> int:
    """How many functions, of Python and of C, this thread calls while it does the work."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls

"""The one retry budget of a model call; the SDKs' own retries are off."""

import math
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

from agentmesh_dagster.providers.errors import ProviderError, ProviderTimeout, WaitTooLong

T = TypeVar("T")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 20.0
_NUMBER = re.compile(r"\d{1,300}(\.\d{1,300})?", re.ASCII)


@dataclass(frozen=True)
class RetryBudget:
    """How often and how long one model call may be tried."""

    max_attempts: int  # the first included
    deadline: float  # value of time.monotonic(), tries and waits together
    max_retry_after_seconds: float  # a provider that asks for a longer wait is given up at once
    first_delay_seconds: float = FIRST_DELAY_SECONDS  # doubled for each further try


def call_with_retries(
    budget: RetryBudget,
    attempt: Callable[[], T],
    report_retry: Callable[[ProviderError, float], None] = lambda _fault, _delay: None,
) -> T:
    """The result of the first attempt that succeeds; else the last ProviderError, and how many there were.

    `report_retry` is told of each fault that is tried again, and after how many seconds.
    """
    started = time.monotonic()
    if started >= budget.deadline:
        raise ProviderTimeout("no time was left to call it; give the node a longer timeoutSeconds")
    tries = 0
    while True:
        tries += 1
        try:
            return attempt()
        except ProviderError as error:
            fault = error
        if tries > 1:
            fault = fault.with_note(f"{tries} tries in {time.monotonic() - started:.1f} s")
        if not fault.is_tried_again:
            raise fault
        if fault.retry_after is not None and fault.retry_after > budget.max_retry_after_seconds:
            raise WaitTooLong(
                f"{fault.detail}; it asks to wait {fault.retry_after:g} s, and "
                f"{budget.max_retry_after_seconds:g} s are allowed: run again later, or raise "
                "AGENTMESH_PROVIDER_MAX_RETRY_AFTER_SECONDS",
                status=fault.status,
                retry_after=fault.retry_after,
            )
        if tries >= budget.max_attempts:
            raise fault
        delay = _choose_delay(budget, tries, fault)
        if time.monotonic() + delay >= budget.deadline:
            raise fault.with_note("no time for another try")
        report_retry(fault, delay)
        time.sleep(delay)


def _choose_delay(budget: RetryBudget, tries: int, fault: ProviderError) -> float:
    # Half of the back-off is random, so that many steps that failed together do not come back together.
    backoff = min(LONGEST_DELAY_SECONDS, budget.first_delay_seconds * 2.0 ** min(tries - 1, 30))
    return max(fault.retry_after or 0.0, backoff * random.uniform(0.5, 1.0))


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response's headers ask to wait; None when they do not, or say rubbish."""
    milliseconds = _read_number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "").strip()
    return _read_number(text) if _NUMBER.fullmatch(text) else _read_date(text, headers.get("date", ""))


def _read_number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _read_date(text: str, date_header: str) -> float | None:
    moment = _parse_date(text)
    if moment is None:
        return None
    # Measured against the sender's own clock where it says what time it has.
    now = _parse_date(date_header)
    return max(0.0, math.ceil(moment - (time.time() if now is None else now)))


def _parse_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None

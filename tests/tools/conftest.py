from collections.abc import Iterator

import pytest

from tests.tools.servers import Recorder, run_recorder


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with run_recorder() as running:
        yield running

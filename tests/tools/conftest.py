from collections.abc import Iterator

import pytest

from tests.tools.servers import Witness, run_witness


@pytest.fixture
def witness() -> Iterator[Witness]:
    with run_witness() as running:
        yield running

"""Lines with their step in front, where several runs of one process, or somebody else, change `sys.stdout` too."""

import contextlib
import sys
from typing import TextIO, cast

import pytest

from agentmesh_dagster.extensions.thread_executor.step_output import StepLines, label_lines, printing_step


class PassesOn:
    """A stream on top of another one, as libraries that draw progress bars put it there."""

    def __init__(self, below: TextIO) -> None:
        self._below = below

    def write(self, text: str) -> int:
        return self._below.write(text)

    def flush(self) -> None:
        self._below.flush()


@pytest.fixture
def step() -> StepLines:
    return StepLines("draft")


def print_as(step: StepLines, *texts: str) -> None:
    token = printing_step.set(step)
    for text in texts:
        sys.stdout.write(text)
    printing_step.reset(token)


def test_lines_are_told_apart_until_the_last_run_of_the_process_has_ended(
    step: StepLines, capsys: pytest.CaptureFixture[str]
):
    before = sys.stdout
    with contextlib.ExitStack() as runs:
        first = runs.enter_context(contextlib.ExitStack())
        first.enter_context(label_lines())
        runs.enter_context(label_lines())
        print_as(step, "one\n")
        first.close()
        print_as(step, "two\n")
    print_as(step, "three\n")

    assert sys.stdout is before
    assert capsys.readouterr().out == "[draft] one\n[draft] two\nthree\n"


def test_a_stream_on_top_of_ours_does_not_double_the_step(step: StepLines, capsys: pytest.CaptureFixture[str]):
    with label_lines(), contextlib.redirect_stdout(cast("TextIO", PassesOn(sys.stdout))):
        with label_lines():
            print_as(step, "a line\n")
        with contextlib.redirect_stdout(cast("TextIO", PassesOn(sys.stdout))):
            print_as(step, "another\n")

    assert capsys.readouterr().out == "[draft] a line\n[draft] another\n"


def test_lines_are_whole_and_the_last_one_is_ended(step: StepLines, capsys: pytest.CaptureFixture[str]):
    with label_lines():
        print_as(step, "a, ", "b\nc", "\n\nd")
        print("from nobody")
        step.finish()

    assert capsys.readouterr().out == "[draft] a, b\n[draft] c\n[draft] \nfrom nobody\n[draft] d\n"


def test_a_stream_is_what_it_was_in_all_else(capsys: pytest.CaptureFixture[str]):
    before = sys.stdout
    with label_lines():
        assert (sys.stdout.encoding, sys.stdout.isatty()) == (before.encoding, before.isatty())
        sys.stdout.writelines(["x\n", "y\n"])
        sys.stdout.flush()

    assert capsys.readouterr().out == "x\ny\n"

"""Jobs for the thread executor, and a process of its own that executes one of them.

python -m tests.extensions.thread_jobs HOME JOB RUN_ID
"""

import asyncio
import contextvars
import logging
import os
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import dagster as dg

from agentmesh_dagster.extensions.thread_executor import thread_executor

MEETING_SECONDS = 60

caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="nobody")


class Crowd:
    """How many steps were inside at the same time, at most; nobody leaves before as many as are expected have met."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self.most = 0
        self.expected = 1

    @contextmanager
    def entered(self) -> Iterator[None]:
        with self._change:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self._change.notify_all()
        try:
            yield
            with self._change:
                assert self._change.wait_for(self.have_met, MEETING_SECONDS), f"only {self.most} were ever inside"
        finally:
            with self._change:
                self._inside -= 1

    def have_met(self) -> bool:
        return self.most >= self.expected


crowd = Crowd()
seen: list[str] = []


@dg.op
def wait() -> int:
    with crowd.entered():
        return 1


@dg.op
def add(numbers: list[int]) -> int:
    return sum(numbers)


@dg.job(executor_def=thread_executor)
def twenty_at_once():
    add([wait.alias(f"wait_{number}")() for number in range(20)])


@dg.op(tags={"kind": "crowded"})
def enter() -> int:
    with crowd.entered():
        time.sleep(0.03)
    return 1


@dg.job(executor_def=thread_executor)
def crowded():
    add([enter.alias(f"enter_{number}")() for number in range(6)])


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.3))
def by_policy(context: dg.OpExecutionContext) -> int:
    seen.append(f"by_policy {context.retry_number}")
    if context.retry_number < 2:
        raise ValueError("not yet")
    return 1


@dg.op
def on_request(context: dg.OpExecutionContext) -> int:
    seen.append(f"on_request {context.retry_number}")
    if context.retry_number < 1:
        raise dg.RetryRequested(max_retries=1)
    return 1


@dg.job(executor_def=thread_executor)
def retried():
    add([by_policy(), on_request(), *[enter.alias(f"enter_{number}")() for number in range(3)]])


@dg.op
def fail() -> int:
    raise dg.Failure("on purpose")


@dg.op
def pass_on(number: int) -> int:
    return number + 1


@dg.job(executor_def=thread_executor)
def one_arm_fails():
    pass_on.alias("behind_failure")(fail())
    pass_on.alias("third")(pass_on.alias("second")(wait()))


@dg.op(out={"left": dg.Out(int, is_required=False), "right": dg.Out(int, is_required=False)})
def choose() -> Generator[dg.Output[int]]:
    yield dg.Output(1, "left")


@dg.op(out=dg.DynamicOut(int))
def spread(number: int) -> Generator[dg.DynamicOutput[int]]:
    for index in range(3):
        yield dg.DynamicOutput(number + index, f"item_{index}")


@dg.job(executor_def=thread_executor)
def chosen_and_spread():
    left, right = choose()
    pass_on.alias("behind_right")(pass_on.alias("right")(right))
    add(spread(left).map(pass_on).collect())


@dg.success_hook
def say_success(context: dg.HookContext) -> None:
    seen.append(f"success {context.step_key}")


@dg.failure_hook
def say_failure(context: dg.HookContext) -> None:
    seen.append(f"failure {context.step_key}: {context.op_exception}")


@dg.success_hook
def break_down(context: dg.HookContext) -> None:
    raise ValueError("the hook is broken")


@dg.job(executor_def=thread_executor, hooks={say_success, say_failure, break_down})
def hooked():
    fail()
    pass_on(enter())


@dg.op(pool="narrow")
def in_pool() -> int:
    with crowd.entered():
        time.sleep(0.05)
    return 1


@dg.op
def outside_pool() -> int:
    seen.append("outside")
    return 1


@dg.job(executor_def=thread_executor)
def pooled():
    add([*[in_pool.alias(f"in_pool_{number}")() for number in range(4)], outside_pool()])


@dg.op
def need_healing(context: dg.OpExecutionContext) -> int:
    if not context.run.parent_run_id:
        raise ValueError("first time")
    return 1


@dg.job(executor_def=thread_executor)
def heals():
    pass_on(add([need_healing(), enter()]))


@dg.op
async def wait_async() -> int:
    with crowd.entered():
        await asyncio.sleep(0)
    return 1


@dg.job(executor_def=thread_executor)
def async_ops():
    add([wait_async.alias(f"wait_{number}")() for number in range(5)])


@dg.op
def log_twice(context: dg.OpExecutionContext) -> int:
    name = context.op_handle.name
    with crowd.entered():
        for _ in range(5):
            time.sleep(0.02)
            context.log.info(f"context.log of {name}")
            dg.get_dagster_logger().info(f"python logger of {name}")
    return 1


@dg.job(executor_def=thread_executor)
def logging_ops():
    add([log_twice.alias(f"log_{number}")() for number in range(3)])


@dg.op
def print_lines(context: dg.OpExecutionContext) -> int:
    name = context.op_handle.name
    for number in range(5):
        print(f"{name} ", end="")
        time.sleep(0.01)  # the others print now
        print(f"line {number}")
    helper = threading.Thread(target=contextvars.copy_context().run, args=(print, f"{name} helper"))
    helper.start()
    helper.join()
    sys.stderr.write(f"{name} has no line end")
    return 1


@dg.job(executor_def=thread_executor)
def printing():
    add([print_lines.alias(name)() for name in ("ann", "bob", "cy")])


@dg.op
def who_calls() -> int:
    seen.append(caller.get())
    caller.set("changed by a step")
    return 1


@dg.job(executor_def=thread_executor)
def asks_who_calls():
    add([who_calls.alias(f"ask_{number}")() for number in range(3)])


@dg.resource
def counted_resource() -> Generator[str]:
    seen.append("opened")
    yield "shared"
    seen.append("closed")


@dg.op(required_resource_keys={"thing"})
def use_thing(context: dg.OpExecutionContext) -> int:
    seen.append(context.resources.thing)
    return 1


@dg.job(executor_def=thread_executor, resource_defs={"thing": counted_resource})
def with_resource():
    add([use_thing.alias(f"use_{number}")() for number in range(2)])


@dg.op
def cleans_up(context: dg.OpExecutionContext) -> int:
    print("looks after itself")
    try:
        for _ in range(3000):
            time.sleep(0.01)
    except dg.DagsterExecutionInterruptedError:
        context.log.info("cleaned up")
        raise
    return 1


class FullDisk(logging.Handler):
    """Fails where Dagster writes that the step `doomed` has succeeded."""

    def emit(self, record: logging.LogRecord) -> None:
        event: dg.DagsterEvent | None = getattr(record, "dagster_meta")["dagster_event"]  # noqa: B009
        if event is not None and event.step_key == "doomed" and not event.event_type_value == "STEP_START":
            raise OSError("no space left on device")


@dg.logger
def full_disk(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("full_disk")
    logger.addHandler(FullDisk())
    return logger


@dg.job(executor_def=thread_executor, logger_defs={"full_disk": full_disk})
def events_cannot_be_written():
    add([enter.alias("doomed")(), cleans_up()])


@dg.op
def never_wakes(context: dg.OpExecutionContext) -> int:
    context.log.info("sleeps")
    time.sleep(600)  # in C: no exception reaches it
    return 1


@dg.op
async def never_ends_async() -> int:
    await asyncio.sleep(600)
    return 1


@dg.job(executor_def=thread_executor)
def endless():
    pass_on(add([never_wakes(), cleans_up(), never_ends_async()]))


@dg.job(executor_def=thread_executor)
def endless_in_python():
    add([cleans_up(), never_ends_async()])


@dg.op
def chat(context: dg.OpExecutionContext) -> int:
    for number in range(100_000):
        context.log.info(f"line {number}")
    return 1


@dg.job(executor_def=thread_executor)
def chatty():
    add([chat.alias(f"chat_{number}")() for number in range(12)])


def build(name: str) -> dg.JobDefinition:
    job = globals()[name]
    assert isinstance(job, dg.JobDefinition)
    return job


def main(home: str, job: str, run_id: str) -> None:
    os.environ["DAGSTER_HOME"] = home
    from dagster._core.execution.api import execute_run

    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        execute_run(dg.build_reconstructable_job(__name__, "build", (job,), {}), run, instance)


if __name__ == "__main__":
    main(*sys.argv[1:])

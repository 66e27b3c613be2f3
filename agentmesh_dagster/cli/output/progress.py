"""The live view of a run: a line for each node, read from the store while Dagster executes."""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from agentmesh_dagster.cli.output.console import build_table, plain
from agentmesh_dagster.cli.output.values import name_step, show_brief, show_duration, show_status, show_step_status
from agentmesh_dagster.entities.models import Step, StepStatus
from agentmesh_dagster.graph.address import Address, Path, Round, read_address, write_path
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import StepState
from agentmesh_dagster.specs.node_spec import Ports
from agentmesh_dagster.store import Store, StoreUnavailable
from agentmesh_dagster.store.steps import list_steps, read_states

_LOOKS_PER_SECOND = 5
_WIDTHS = (28, 20, 8, None)  # of the columns, in characters; None: all that is left
_FIRST_OF = (  # the status of a node with several items is the first of these that one of them has
    StepStatus.FAILED,
    StepStatus.CANCELED,
    StepStatus.RUNNING,
    StepStatus.PENDING,
    StepStatus.WAITING_HUMAN,
    StepStatus.WAITING,
    StepStatus.SUCCEEDED,
    StepStatus.SKIPPED,
)

_LAST_SEEN = (StepStatus.PENDING, StepStatus.SUCCEEDED, StepStatus.SKIPPED)  # what a caught fault is shown instead of


@contextmanager
def show_progress(console: Console, store: Store, plan: Plan, run_id: str) -> Generator[None]:
    """Shows the run live on a terminal; elsewhere prints once, at the end, how it went."""
    view = RunView(store, plan, run_id)
    with Live(
        console=console,
        get_renderable=view.render,
        refresh_per_second=_LOOKS_PER_SECOND,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield


class RunView:
    """What is known of a run, as a table; each look reads the store."""

    def __init__(self, store: Store, plan: Plan, run_id: str) -> None:
        self._store = store
        self._plan = plan
        self._run_id = run_id
        self._seen: RenderableType = ""

    def render(self) -> RenderableType:
        """The table as of now; the one before while the store cannot be reached."""
        try:
            with self._store.read() as connection:
                steps = list_steps(connection, self._run_id)
                states = read_states(connection, self._run_id)
        except StoreUnavailable:
            return self._seen
        self._seen = self._build(steps, states)
        return self._seen

    def _build(self, steps: Sequence[Step], states: Mapping[Address, StepState]) -> RenderableType:
        by_node: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            by_node[self._plan.key_of(read_address(step.node_id, step.path))].append(step)
        table = build_table("node", "status", "time", "result")
        table.expand = True
        for column, width in zip(table.columns, _WIDTHS, strict=True):
            # Fixed, and a line for each node: else the table would jump about while it fills.
            column.min_width = column.max_width = width
            column.ratio = None if width else 1
        for node_id, before in self._list_present(by_node):
            node, mine = self._plan.graph.nodes[node_id], by_node[node_id]
            # Of what did not end the run the status of the others says more.
            plainly = [step for step in mine if not step.caught and not step.used_fallback]
            status = next((one for one in _FIRST_OF if any(step.status is one for step in plainly)), StepStatus.PENDING)
            mended = next((step for step in mine if step not in plainly), None)
            is_mended = mended is not None and status in _LAST_SEEN
            is_quiet = status in (StepStatus.PENDING, StepStatus.SKIPPED)
            table.add_row(
                plain(_name(node, before), "dim" if is_quiet else ""),
                show_step_status(mended) if is_mended and mended else show_status(status),
                _show_time(mine),
                self._show_result(node, mine, states),
            )
        return table

    def _list_present(self, by_node: Mapping[str, Sequence[Step]]) -> list[tuple[str, str]]:
        """The nodes that get a line, and what is said of the rounds before: of a loop only the present one has a line.

        A round or a sub-workflow that was not begun has no line.
        """
        present: dict[tuple[str, Path], list[str]] = {}
        for node_id in self._plan.graph.order:
            copy = self._plan.graph.nodes[node_id].copy
            if copy is None:
                present[node_id, ()] = [node_id]
            elif by_node[node_id]:
                calls = tuple(frame for frame in copy.place if not isinstance(frame, Round))
                present.setdefault((copy.origin, calls), []).append(node_id)
        return [
            (played[-1], _describe_before([by_node[node_id] for node_id in played[:-1]])) for played in present.values()
        ]

    def _show_result(self, node: GraphNode, steps: Sequence[Step], states: Mapping[Address, StepState]) -> Text:
        if failed := next((step for step in steps if step.status is StepStatus.FAILED and not step.caught), None):
            return plain(failed.error or "", "red")
        if caught := next((step for step in steps if step.caught), None):
            return plain(caught.error or "", "yellow")
        if each := self._plan.scopes.head_of(node.id):
            return self._show_items(steps, states.get(self._plan.scopes.locate(each)))
        if not steps or steps[0].status is not StepStatus.SUCCEEDED:
            return Text()
        if node.ports is Ports.CHOICE:
            return self._show_edges(node, states.get(self._plan.scopes.locate(node.id)))
        return show_brief(steps[0].output)

    @staticmethod
    def _show_items(steps: Sequence[Step], each: StepState | None) -> Text:
        if each is None or each.item_count is None:
            return Text()
        done = sum(step.status.is_end for step in steps)
        return Text(f"{done} of {each.item_count} items")

    def _show_edges(self, node: GraphNode, state: StepState | None) -> Text:
        taken = state.taken if state else None
        edges = [edge for edge in self._plan.graph.out_edges[node.id] if taken is None or edge.id in taken]
        return plain("→ " + (", ".join(self._plan.graph.nodes[edge.target].title for edge in edges) or "nowhere"))


def _name(node: GraphNode, before: str) -> str:
    return node.title if node.copy is None else name_step(node.title, write_path(node.copy.place)) + before


def _describe_before(rounds: Sequence[Sequence[Step]]) -> str:
    """How often the node was played before, and in how many of these rounds its fault was caught."""
    caught = sum(any(step.caught for step in steps) for steps in rounds)
    return f" ({len(rounds)} before{f', {caught} caught' if caught else ''})" if rounds else ""


def _show_time(steps: Sequence[Step]) -> str:
    started = [step.started_at for step in steps if step.started_at]
    if not started:
        return ""
    ended = [step.finished_at for step in steps if step.finished_at]
    is_over = all(step.status.is_end for step in steps)
    return show_duration(min(started), max(ended) if ended and is_over else datetime.now(UTC))

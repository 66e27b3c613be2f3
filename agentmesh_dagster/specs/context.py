"""Names that expressions may begin with whatever the graph, and what they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    text: str  # as it is written: context.run.id
    detail: str  # what it is, in a few words


RUN = (
    Name("context.run.id", "text · of this run"),
    Name("context.run.workflowId", "text · of this run"),
    Name("context.run.workflowName", "text · of this run"),
    Name("context.run.revision", "number · of this run"),
    Name("context.run.startedAt", "text · of this run"),
)
# Inside of what is done once for each item.
ITEM = (Name("context.item", "the item of the each"), Name("context.index", "number · its place, from 0"))

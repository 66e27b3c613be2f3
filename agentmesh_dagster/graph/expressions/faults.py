"""What can be wrong with an expression, with the place where it is wrong."""

from agentmesh_dagster.errors import AgentMeshError, FaultCode


class ExpressionFault(AgentMeshError):
    """This expression cannot be read, or has no value.

    `column` is 1-based; None when the fault is about the expression as a whole. The text names types and
    fields but never a value, because a value may be secret.
    """

    code = FaultCode.INVALID_INPUT

    def __init__(self, reason: str, column: int | None = None) -> None:
        self.reason = reason
        self.column = column
        super().__init__(reason if column is None else f"{reason} (column {column})")

    def __str__(self) -> str:
        # Without the class's sentence: whoever shows a fault says which condition or template it stands in.
        return self.detail

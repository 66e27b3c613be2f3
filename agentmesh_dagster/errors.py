"""What can go wrong, as small named classes: the docstring is the message."""

import inspect


class AgentMeshError(Exception):
    """Something went wrong in AgentMesh."""

    def __init__(self, detail: str = "") -> None:
        """`detail` says what, where and what to do; it stands behind the class's own sentence."""
        self.detail = detail
        sentence = (inspect.getdoc(type(self)) or "").split("\n\n")[0].replace("\n", " ")
        super().__init__(f"{sentence.rstrip('.')}: {detail}" if detail else sentence)


class InvalidValue(AgentMeshError):
    """This is not a JSON value that AgentMesh accepts."""


class NotFound(AgentMeshError):
    """There is no such thing."""


class Conflict(AgentMeshError):
    """Somebody else was faster."""

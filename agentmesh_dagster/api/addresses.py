"""Where a server listens, and how people reach it."""

import errno
import socket

from agentmesh_dagster.errors import AgentMeshError

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 3000
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # to listen at → to reach it from here


class PortInUse(AgentMeshError):
    """Another program listens there."""


class CannotListen(AgentMeshError):
    """This address cannot be listened at."""


class InvalidPathPrefix(AgentMeshError):
    """A path prefix begins with a slash and does not end with one."""


def check_path_prefix(prefix: str) -> None:
    """Raises InvalidPathPrefix; an empty one is none."""
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise InvalidPathPrefix(f"`{prefix}`; type one like /agents")


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address, 0 being any free port. Raises PortInUse, CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(2048)
    except (OSError, OverflowError) as error:
        bound.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortInUse(f"port {port} of {host}; name another with --port") from error
        raise CannotListen(f"port {port} of {host}: {error}") from error
    bound.set_inheritable(False)
    return bound


def choose_port(host: str) -> int:
    """Dagster's usual port, or a free one when that is taken."""
    try:
        bind(host, DEFAULT_PORT).close()
    except PortInUse:
        with bind(host, 0) as free:
            return int(free.getsockname()[1])
    return DEFAULT_PORT


def show_address(host: str, port: int) -> str:
    """The URL under which somebody at this machine reaches a server."""
    named = _EVERYWHERE.get(host) or (f"[{host}]" if ":" in host else host)
    return f"http://{named}:{port}"

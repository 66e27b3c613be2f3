"""Which names this server goes by: the defence against DNS rebinding, and what counts as the same origin."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # what a server is bound to that listens on all addresses


class LoginOffInPublic(AgentMeshError):
    """AGENTMESH_AUTH=off is for a loopback address only."""


@dataclass(frozen=True)
class Hosts:
    """The hosts under which people may reach this server."""

    names: frozenset[str]  # lower case, without ports
    any_address: bool  # also under every IP address: a page of somebody else cannot be served from one of ours
    public_place: str | None  # host and port of AGENTMESH_PUBLIC_URL: a proxy may have rewritten Host

    def know(self, host_header: str) -> bool:
        """Whether a Host header names this server."""
        host = _read_host(host_header)
        return host is not None and (host in self.names or (self.any_address and _is_address(host)))

    def is_own_origin(self, origin: str, host_header: str) -> bool:
        """Whether a page of this origin is ours; the port counts, the scheme does not: a proxy may end TLS."""
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
            return False
        own = {_with_port(host_header, parts.scheme), _with_port(self.public_place or host_header, parts.scheme)}
        return _with_port(parts.netloc, parts.scheme) in own


def read_hosts(settings: Settings, bound_to: str) -> Hosts:
    """The loopback names, the address that the server is bound to, and what the settings add."""
    public = urlsplit(settings.public_url) if settings.public_url else None
    named: Iterable[str | None] = (
        *LOOPBACK_NAMES,
        bound_to,
        public.hostname if public else None,
        *(_read_host(part.strip()) for part in settings.allowed_hosts.split(",")),
    )
    return Hosts(
        names=frozenset(name.lower() for name in named if name and name not in _EVERYWHERE),
        any_address=bound_to in _EVERYWHERE,
        public_place=public.netloc.rpartition("@")[2] if public else None,
    )


def check_auth_setting(settings: Settings, host: str) -> None:
    """Raises LoginOffInPublic when login is switched off and the server is to be bound to `host`."""
    if settings.auth == "off" and not is_loopback(host):
        raise LoginOffInPublic(
            f"the server is to listen on `{host or '0.0.0.0'}`, where others reach it; "
            "bind it to 127.0.0.1, or leave AGENTMESH_AUTH on"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that is bound to `host`."""
    return host.lower() == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _read_host(header: str) -> str | None:
    """The host in `host[:port]`; None when it is none."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises when it is no number
    except ValueError:
        return None
    if parts.netloc != header or "@" in header or not parts.hostname:
        return None
    return parts.hostname.rstrip(".")


def _with_port(place: str, scheme: str) -> str:
    default = ":443" if scheme == "https" else ":80"
    return place.lower().removesuffix(default)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

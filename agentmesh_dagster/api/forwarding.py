"""Whom a request comes from where proxies stand before the server: only those are believed that the settings name."""

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SCHEMES = {"http": ("http", "ws"), "https": ("https", "wss")}  # of http and of websockets


class InvalidProxies(AgentMeshError):
    """AGENTMESH_TRUSTED_PROXIES names addresses or networks, by comma."""


def read_proxies(settings: Settings) -> tuple[Network, ...]:
    """The proxies that are believed. Raises InvalidProxies."""
    entries = [entry.strip() for entry in settings.trusted_proxies.split(",") if entry.strip()]
    try:
        return tuple(ipaddress.ip_network(entry, strict=False) for entry in entries)
    except ValueError as fault:
        raise InvalidProxies(str(fault)) from None


class FollowsProxies:
    """Puts into the scope the address and the scheme that trusted proxies say; of others nothing is believed."""

    def __init__(self, app: ASGIApp, proxies: Sequence[Network]) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] != "lifespan" and client is not None and self._is_trusted(client[0]):
            scope = {**scope, **self._read(scope)}
        await self._app(scope, receive, send)

    def _read(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        said: Scope = {}
        hops = [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        # From the right: each proxy adds whom it has heard. The first that is no proxy of ours asks; what stands
        # further left it may have made up.
        for hop in reversed(hops):
            address = hop.strip("[]")
            if _read_address(address) is None:
                break
            said["client"] = (address, 0)
            if not self._is_trusted(address):
                break
        proto = headers.get("x-forwarded-proto", "").strip().lower()
        if proto in _SCHEMES:
            said["scheme"] = _SCHEMES[proto][scope["type"] == "websocket"]
        return said

    def _is_trusted(self, text: str) -> bool:
        address = _read_address(text)
        return address is not None and any(address in network for network in self._proxies)


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

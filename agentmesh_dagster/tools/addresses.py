"""Which network addresses tools may call: public ones, and those that the installation allows."""

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from agentmesh_dagster.tools.errors import ToolError

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# Written out, because `ipaddress` calls several of these global, and other ones in each Python release.
# Sources: the IANA special-purpose address registries, and the cloud providers' metadata pages.
_REFUSED: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an unspecified"),
        ("10.0.0.0/8", "a private"),
        ("100.64.0.0/10", "a carrier-grade NAT"),
        ("127.0.0.0/8", "a loopback"),
        ("168.63.129.16/32", "a metadata"),  # Azure's host agent, inside public space
        ("169.254.0.0/16", "a link-local or metadata"),
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("192.31.196.0/24", "a reserved"),
        ("192.52.193.0/24", "a reserved"),
        ("192.88.99.0/24", "a 6to4"),
        ("192.168.0.0/16", "a private"),
        ("192.175.48.0/24", "a reserved"),
        ("198.18.0.0/15", "a benchmarking"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
        ("::/128", "an unspecified"),
        ("::1/128", "a loopback"),
        ("::/96", "an IPv4-compatible"),
        ("::ffff:0:0/96", "an IPv4-mapped"),
        ("::ffff:0:0:0/96", "an IPv4-translated"),
        ("64:ff9b::/96", "a NAT64"),
        ("64:ff9b:1::/48", "a NAT64"),
        ("2001::/32", "a Teredo"),
        ("2001::/23", "a reserved"),
        ("2001:db8::/32", "a documentation"),
        ("2002::/16", "a 6to4"),
        ("3fff::/20", "a documentation"),
        ("fc00::/7", "a private or metadata"),
        ("fe80::/10", "a link-local"),
        ("fec0::/10", "a site-local"),
        ("ff00::/8", "a multicast"),
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")  # all that IANA has given out for the internet

_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


class InvalidAllowedHosts(ToolError):
    """The setting AGENTMESH_HTTP_ALLOW_HOSTS cannot be read."""


def describe_refused(address: IPAddress) -> str | None:
    """Why tools may not call `address`, as in "a loopback address"; None when it is public."""
    for network, kind in _REFUSED:
        if address in network:
            return f"{kind} address"
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return "a reserved address"
    return None


@dataclass(frozen=True)
class AllowedHosts:
    """What the installation opens although it is not public; a port of None stands for every port."""

    names: frozenset[tuple[str, int | None]]
    networks: frozenset[tuple[IPNetwork, int | None]]

    def allows(self, host: str, port: int, address: IPAddress) -> bool:
        """Whether a connection to `address`, reached as `host`, is open."""
        name = host.lower().removesuffix(".")
        if (name, None) in self.names or (name, port) in self.names:
            return True
        return any(address in network and only in (None, port) for network, only in self.networks)


@cache
def read_allowed_hosts(text: str) -> AllowedHosts:
    """The allowed hosts of a comma list: names, addresses, networks, each with `:port` if wanted.

    An IPv6 address with a port stands in brackets. Raises InvalidAllowedHosts for anything else.
    """
    names: set[tuple[str, int | None]] = set()
    networks: set[tuple[IPNetwork, int | None]] = set()
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        network = _read_network(entry)
        if network:
            networks.add((network, None))
            continue
        host, port = _split_port(entry)
        network = _read_network(host)
        if network:
            networks.add((network, port))
        elif _HOST_NAME.fullmatch(host.removesuffix(".")):
            names.add((host.removesuffix("."), port))
        else:
            raise InvalidAllowedHosts(f"`{entry}` is no host name, address or network, with or without :port")
    return AllowedHosts(frozenset(names), frozenset(networks))


def _read_network(text: str) -> IPNetwork | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _split_port(entry: str) -> tuple[str, int | None]:
    host, colon, digits = entry.rpartition(":")
    if entry.endswith("]"):
        host, digits = entry, ""
    elif not colon:
        return entry, None
    elif not (digits.isascii() and digits.isdigit() and 0 < int(digits) < 65536):
        raise InvalidAllowedHosts(f"`{digits}` in `{entry}` is no port")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return host, int(digits) if digits else None


def read_address(text: str) -> IPAddress | None:
    """The address that `text` spells in full, None for any other text."""
    try:
        return ip_address(text)
    except ValueError:
        return None

"""The client's address, as limits count it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

UNKNOWN = "unknown"
NETWORK_BITS = 64
"""Of an IPv6 address: its owner may choose the rest anew for each request."""


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return counted(client[0]) if client else UNKNOWN


def counted(host: str) -> str:
    """An IPv4 address as it is; of an IPv6 address its network."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False))

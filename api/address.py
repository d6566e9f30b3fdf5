"""Where a request comes from, as limits count it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

UNKNOWN = "unknown"
ONE_HOUSEHOLD = 64
"""Bits of an IPv6 address: the rest of it whoever has them may choose anew for each request."""


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return counted(client[0]) if client else UNKNOWN


def counted(host: str) -> str:
    """An IPv4 address as it is, of an IPv6 address the network."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), ONE_HOUSEHOLD), strict=False))

"""The client that a limit per address counts: of IPv6 the network, not one address of it."""

from ipaddress import IPv6Address, ip_address

IPV6_PREFIX = 64  # bits: who has one address has all with this prefix


def network_of(host: str) -> str:
    """Return the IPv4 address, or the IPv6 prefix, of a client; any other name as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host  # what a proxy calls its client
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if not isinstance(address, IPv6Address) or address.is_loopback:
        return str(address)
    return str(IPv6Address(int(address) >> IPV6_PREFIX << IPV6_PREFIX))

"""The addresses of `X-Forwarded-For`, as limits per address can use them.

A client may send any text there, of any length, and a proxy may pass it on. Each text would be an
address of its own, and would be kept.
"""

from ipaddress import ip_address

HEADER = b"x-forwarded-for"
UNKNOWN = "unknown"  # a client's name in RFC 7239; all such clients share a limit
MAX_PROXIES = 20  # the last ones count: the first may be the client's invention


def addresses(value: bytes) -> bytes:
    """Return the header's value with plain addresses; what is none is `unknown`."""
    entries = value.decode("latin-1").rsplit(",", MAX_PROXIES)[-MAX_PROXIES:]
    return ", ".join(_address(entry.strip()) for entry in entries).encode()


def _address(entry: str) -> str:
    """Return an address without its port: `203.0.113.9`, `203.0.113.9:80`, `[2001:db8::1]:80`."""
    host = entry
    if entry.startswith("["):
        host = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        host = entry.partition(":")[0]
    try:
        return UNKNOWN if "%" in host else str(ip_address(host))  # a zone is any text
    except ValueError:
        return UNKNOWN

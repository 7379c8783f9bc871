"""The proxy of the environment, as Java wants it: HTTPS_PROXY and the like mean nothing to it."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

from edge.loopback import NO_PROXY

SOCKS = "socks"


def properties() -> dict[str, str]:
    """Return Java's system properties for the proxies of this process's environment.

    They hold a password if the address of the proxy does, so they belong in no command line.
    """
    addresses = getproxies_environment()
    properties = dict(_properties(addresses))
    if properties:
        hosts = [host.strip() for host in addresses.get("no", "").split(",") if host.strip()]
        properties["http.nonProxyHosts"] = "|".join([*map(_java_pattern, hosts), *NO_PROXY])
    return properties


def unsupported(environment_name: str, address: str) -> bool:
    """Return whether a variable names a SOCKS proxy, which our downloads cannot use."""
    return environment_name.upper().endswith("_PROXY") and address.lower().startswith(SOCKS)


def _properties(addresses: dict[str, str]) -> Iterator[tuple[str, str]]:
    for scheme in ("http", "https"):
        address = addresses.get(scheme) or addresses.get("all")
        if not address or address.lower().startswith(SOCKS):
            continue
        parts = urlsplit(address if "://" in address else f"http://{address}")
        yield f"{scheme}.proxyHost", parts.hostname or ""
        yield f"{scheme}.proxyPort", str(parts.port or 80)
        if parts.username:
            yield f"{scheme}.proxyUser", unquote(parts.username)
            yield f"{scheme}.proxyPassword", unquote(parts.password or "")
            # By default Java sends no password to a proxy for https.
            yield "jdk.http.auth.tunneling.disabledSchemes", ""


def _java_pattern(host: str) -> str:
    return f"*{host}" if host.startswith(".") else host

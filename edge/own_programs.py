"""Clients on loopback reach no program of another user.

Any user of the machine can listen on the port of a program that is down, and would get the keys,
passwords and tokens that clients send. In place of Airflow, they could make themselves an operator.
Linux knows which user listens on a port; on other systems this is not checked.
"""

import os
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from edge.loopback import DIRECT, is_loopback
from edge.settings import EdgeSettings

NETWORK = Path("/proc/net")
ROOT = 0
_LISTENING = "0A"  # Linux's TCP_LISTEN
# The addresses of sockets that get a connection to an address of loopback, in the order in which
# Linux chooses: the address itself, the same one as IPv6, then "any address". While a program
# listens at one of them, no other user can listen at one before it.
_LOCAL_IPV4, _LOCAL_IPV6 = "0100007F", "00000000000000000000000001000000"
_IPV4_IN_IPV6, _ANY_IPV4, _ANY_IPV6 = "0000000000000000FFFF00000100007F", "0" * 8, "0" * 32
_IPV4 = (_LOCAL_IPV4, _IPV4_IN_IPV6, _ANY_IPV4, _ANY_IPV6)
_IPV6 = (_LOCAL_IPV6, _ANY_IPV6)
_CHOSEN = {"127.0.0.1": (_IPV4,), "::1": (_IPV6,), "localhost": (_IPV4, _IPV6)}


def client(base_url: str, **options: Any) -> httpx2.Client:
    """Return an HTTP client. If the address is on loopback, it reaches our own programs only.

    `options` are further arguments of `httpx2.Client`.
    """
    uses_environment = not is_loopback(base_url)
    return httpx2.Client(
        base_url=base_url,
        mounts=DIRECT,
        event_hooks={"request": [reach_ours]},
        trust_env=uses_environment,
        verify=_tls(uses_environment=uses_environment),
        **options,
    )


def reach_ours(request: httpx2.Request) -> None:
    """Send a request for `localhost` to the address at which our program listens.

    The name has two addresses, and another user may listen at the one that our program did not
    bind. `Host`, and the name in the server's certificate, stay.

    Raises:
        ConnectError: see `refuse_others`.
    """
    name, port = request.url.host, request.url.port or 80
    if name == "localhost":
        ours = (host for host in ("127.0.0.1", "::1") if _is_ours(host, port))
        request.url = request.url.copy_with(host=next(ours, name))
        request.extensions = {**request.extensions, "sni_hostname": name}
    refuse_others(request)


def _is_ours(host: str, port: int) -> bool:
    users = listeners(host, port)
    return users is not None and bool(users) and users <= trusted_users()


def refuse_others(request: httpx2.Request) -> None:
    """Check who listens at the address of a request, before it is sent.

    If nobody does, it is refused too: else another user could begin to listen after the check.

    Raises:
        ConnectError: nobody listens, or a user who is not trusted: root and this process's own
            user are, and those of `EDGE_TRUSTED_USERS`.
    """
    host, port = request.url.host, request.url.port or 80
    if host not in _CHOSEN:
        return
    users = listeners(host, port) or listeners(host, port)  # a changing table can lack a row
    if users is None:
        return
    others = users - trusted_users()
    if others or not users:
        who = f"user {min(others)} listens in place of ours" if others else "nothing listens"
        raise httpx2.ConnectError(f"{who} on port {port}", request=request)


def listeners(host: str, port: int, network: Path = NETWORK) -> set[int] | None:
    """Return the ids of the users whose programs get a connection to the port of a host.

    The host is 127.0.0.1, ::1 or localhost. Sockets of the port at other addresses of loopback do
    not count, or any user could cut our clients off from our programs. `network` has Linux's tables
    of sockets, `tcp` and `tcp6`. Without them the answer is None.
    """
    tables = [network / name for name in ("tcp", "tcp6") if (network / name).exists()]
    if not tables:
        return None
    by_address: dict[str, set[int]] = {}
    for table in tables:
        for address, user in _listeners(port, table):
            by_address.setdefault(address, set()).add(user)
    chosen = [next(filter(None, map(by_address.get, order)), set()) for order in _CHOSEN[host]]
    return set().union(*chosen)


@cache
def trusted_users() -> frozenset[int]:
    """Return the ids of the users whose programs are reached."""
    return frozenset({ROOT, os.geteuid(), *EdgeSettings().trusted_users})


@cache
def _tls(*, uses_environment: bool) -> ssl.SSLContext:
    """Return the context of TLS that all clients share: reading the certificates takes 20 ms."""
    return httpx2.create_ssl_context(trust_env=uses_environment)


def _listeners(port: int, table: Path) -> Iterator[tuple[str, int]]:
    """Yield the address and the user of each socket that listens on the port."""
    with table.open() as rows:
        for row in rows:
            if f":{port:04X} " not in row:  # of 10,000 connections few have it
                continue
            _, local, _, state, _, _, _, user, *_ = row.split()
            address, _, local_port = local.partition(":")
            if state == _LISTENING and int(local_port, 16) == port:
                yield address, int(user)

"""Clients on loopback reach no program of another user.

Any user of the machine can listen on the port of a program that is down, and would get the keys,
passwords and tokens that clients send. In place of Airflow, they could make themselves an operator.
Linux knows which user listens on a port; on other systems this is not checked.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from edge.loopback import DIRECT, NO_PROXY, is_loopback
from edge.settings import EdgeSettings

NETWORK = Path("/proc/net")
ROOT = 0
_LISTENING = "0A"  # Linux's TCP_LISTEN
# Loopback and "any address", of IPv4, of IPv6, and of IPv4 in IPv6.
_REACHED = re.compile("0{8}|.{6}7F|0{32}|0{24}01000000|0{16}FFFF0000(0{8}|.{6}7F)")


def client(base_url: str, **options: Any) -> httpx2.Client:
    """Return an HTTP client. If the address is on loopback, it reaches our own programs only.

    Args:
        base_url: of the program.
        options: further arguments of `httpx2.Client`.
    """
    return httpx2.Client(
        base_url=base_url,
        mounts=DIRECT,
        event_hooks={"request": [refuse_others]},
        trust_env=not is_loopback(base_url),
        **options,
    )


def refuse_others(request: httpx2.Request) -> None:
    """Check who listens at the address of a request, before it is sent.

    If nobody does, it is refused too: else another user could begin to listen after the check.

    Raises:
        ConnectError: nobody listens, or a user who is not trusted: root and this process's own
            user are, and those of `EDGE_TRUSTED_USERS`.
    """
    if request.url.host not in NO_PROXY:
        return
    port = request.url.port or 80
    users = listeners(port) or listeners(port)  # a table that changes can lack a row
    if users is None:
        return
    others = users - trusted_users()
    if others or not users:
        who = f"user {min(others)} listens in place of ours" if others else "nothing listens"
        raise httpx2.ConnectError(f"{who} on port {port}", request=request)


def listeners(port: int, network: Path = NETWORK) -> set[int] | None:
    """Return the ids of the users whose programs listen on the port, where loopback reaches them.

    `network` has Linux's tables of sockets, `tcp` and `tcp6`. Without them the answer is None.
    """
    tables = [network / name for name in ("tcp", "tcp6") if (network / name).exists()]
    return {user for table in tables for user in _listeners(port, table)} if tables else None


@cache
def trusted_users() -> frozenset[int]:
    """Return the ids of the users whose programs are reached."""
    return frozenset({ROOT, os.geteuid(), *EdgeSettings().trusted_users})


def _listeners(port: int, table: Path) -> Iterator[int]:
    with table.open() as rows:
        for row in rows:
            if f":{port:04X} " not in row:  # of 10,000 connections few have it
                continue
            _, local, _, state, _, _, _, user, *_ = row.split()
            address, _, local_port = local.partition(":")
            is_port = state == _LISTENING and int(local_port, 16) == port
            if is_port and _REACHED.fullmatch(address):
                yield int(user)

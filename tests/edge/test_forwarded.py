"""Only addresses are addresses of clients."""

import pytest

from edge.forwarded import MAX_PROXIES, addresses


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("6.6.6.6,203.0.113.9 , 127.0.0.1", "6.6.6.6, 203.0.113.9, 127.0.0.1"),
        ("x" * 60_000, "unknown"),
        ("fe80::1%" + "x" * 60_000, "unknown"),
        ("127.0.0.1, \xff", "127.0.0.1, unknown"),
        ("[::1", "::1"),
        ("", "unknown"),
    ],
)
def test_what_is_no_address_is_unknown(value: str, plain: str) -> None:
    assert addresses(value.encode("latin-1")).decode() == plain


def test_the_last_proxies_count() -> None:
    value = ", ".join(["6.6.6.6"] * 1000 + ["203.0.113.9"] * MAX_PROXIES)

    assert addresses(value.encode()).decode() == ", ".join(["203.0.113.9"] * MAX_PROXIES)

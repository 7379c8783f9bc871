"""A browser with a ticket gets a new cookie in place of the one that it sends."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboards.server.cookies import RENEWAL_PATH, TICKET, Cookies

NAME = "visitor"


@pytest.fixture(params=["http", "https"])
def browser(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A browser with the cookie `old`, without TLS and behind it."""

    def redeem(ticket: str, cookie: str | None) -> str | None:
        return f"new-{cookie}" if ticket == "right" else None

    app = Cookies(Starlette(), name=NAME, renew=lambda _: None, redeem=redeem)
    prefix = "__Host-" if request.param == "https" else ""
    with TestClient(
        app, base_url=f"{request.param}://lantern.example", cookies={f"{prefix}{NAME}": "old"}
    ) as client:
        yield client


@pytest.mark.parametrize("base", ["", "/shop"])
def test_a_ticket_is_exchanged_for_a_cookie_that_scripts_cannot_read(
    browser: TestClient, base: str
) -> None:
    answer = browser.post(f"{base}{RENEWAL_PATH}", headers={TICKET: "right"})

    assert answer.status_code == 204
    [cookie] = answer.headers.get_list("set-cookie")
    is_secure = browser.base_url.scheme == "https"
    name = f"__Host-{NAME}" if is_secure else NAME
    assert cookie.startswith(f"{name}=new-old; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax")
    assert ("Secure" in cookie) == is_secure
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", {TICKET: "wrong"}), ("POST", {}), ("GET", {TICKET: "right", "accept": "text/html"})],
)
def test_other_requests_get_none(browser: TestClient, method: str, headers: dict[str, str]) -> None:
    answer = browser.request(method, RENEWAL_PATH, headers=headers)

    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers

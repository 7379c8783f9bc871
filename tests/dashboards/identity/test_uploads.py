"""Only a session that shows the uploader to an operator may upload, and from its browser alone."""

import pytest

from dashboards.identity import uploads
from dashboards.identity.signing import Signer, new_browser
from dashboards.identity.uploads import MAX_PERMITS, PERMIT_SECONDS, Permits
from dashboards.identity.visitors import BROWSERS
from tests.support.dashboards.demo_pages import SECRET


def test_a_permit_is_of_one_session_and_browser_and_ends() -> None:
    now = [0.0]
    permits = Permits(lambda: now[0])
    permits.give("s1", "maya")

    assert permits.holds("s1", "maya")
    assert not permits.holds("s1", "jonas")
    assert not permits.holds("s2", "maya")
    assert not permits.holds("s2", "")
    now[0] = PERMIT_SECONDS
    assert not permits.holds("s1", "maya")


def test_permits_are_limited_in_number() -> None:
    permits = Permits(lambda: 0.0)
    for number in range(MAX_PERMITS + 1):
        permits.give(f"s{number}", "maya")

    assert not permits.holds("s0", "maya")
    assert permits.holds(f"s{MAX_PERMITS}", "maya")


def test_a_permit_is_not_enough_once_the_operator_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "PERMITS", Permits())
    browser, other = new_browser(), new_browser()
    cookie = Signer(SECRET).cookie(browser)
    uploads.PERMITS.give("s", browser)
    assert not uploads.may_upload("s", cookie)  # nobody is signed in

    BROWSERS.sign_in(browser, object(), is_operator=True)
    assert uploads.may_upload("s", cookie)
    for refused in (
        None,
        "",
        cookie[:-1],
        Signer(SECRET).cookie(other),
        Signer("x" * 32).cookie(browser),
    ):
        assert not uploads.may_upload("s", refused)
    assert not uploads.may_upload("another", cookie)

    BROWSERS.sign_in(browser, object(), is_operator=False)
    assert not uploads.may_upload("s", cookie)

"""Only a session that shows the uploader to an operator may upload, and from its browser alone."""

from types import SimpleNamespace

import pytest
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from dashboards.identity import uploads, visitors
from dashboards.identity.signing import Signer, new_browser
from dashboards.identity.uploads import MAX_PERMITS, PERMIT_SECONDS, Permits
from dashboards.identity.visitors import BROWSERS
from dashboards.server.asgi import has_room
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
    uploads.PERMITS.give("s", browser)
    assert not uploads.may_upload("s", browser)  # no account is signed in

    BROWSERS.sign_in(browser, object(), is_operator=True)
    assert uploads.may_upload("s", browser)
    assert not uploads.may_upload("s", other)
    assert not uploads.may_upload("another", browser)

    BROWSERS.sign_in(browser, object(), is_operator=False)
    assert not uploads.may_upload("s", browser)


def test_a_browser_is_known_by_a_valid_cookie_or_by_a_websocket_that_signed_in() -> None:
    browser = new_browser()
    cookie = Signer(SECRET).cookie(browser)
    assert visitors.browser_of(cookie) == browser
    assert visitors.browser_of(cookie, connection="w1") == browser
    for refused in (None, "", cookie[:-1], Signer("x" * 32).cookie(browser)):
        assert visitors.browser_of(refused) is None

    new, _ = BROWSERS.renew(browser, "w1")

    assert visitors.browser_of(cookie, connection="w1") == new
    assert visitors.browser_of(cookie, connection="w2") == browser
    assert visitors.browser_of(cookie) == browser


def test_the_files_of_a_session_have_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    files = MemoryUploadedFileManager("/upload")
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=files))
    for name, session in (("a", "s1"), ("b", "s1"), ("c", "s2")):
        files.add_file(session, UploadedFileRec(name, name, "text/csv", b"x" * 40))

    def fits(session_id: str, *lengths: str) -> bool:
        headers = [(b"content-length", length.encode()) for length in lengths]
        return has_room(100, {"type": "http", "headers": headers}, session_id)

    assert uploads.held_bytes("s1") == 80
    assert fits("s1", "20")
    assert not fits("s1", "21")
    assert fits("s2", "60")
    assert fits("s3", "100")
    assert not fits("s3")
    files.remove_session_files("s1")
    assert fits("s1", "100")

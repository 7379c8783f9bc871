import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.identity import signing
from dashboards.identity.signing import RENEWED_AFTER, Signer, new_browser

SECRET, OTHER = "a-secret-of-32-characters-or-more", "another-secret-of-as-many-characters"


def test_a_cookie_names_its_browser_and_cannot_be_forged() -> None:
    browser = new_browser()
    cookie = Signer(SECRET).cookie(browser)

    assert Signer(SECRET).browser(cookie) == browser
    for forged in (None, "", browser, cookie[:-1], cookie.replace(browser, new_browser())):
        assert Signer(SECRET).browser(forged) is None
    assert Signer(OTHER).browser(cookie) is None


def test_users_and_tokens_differ_by_browser_data_set_and_secret() -> None:
    signers, browsers = (Signer(SECRET), Signer(OTHER)), (new_browser(), new_browser())
    ids = {s.user_id(b, d) for s in signers for b in browsers for d in ("films", "books")}
    tokens = {s.token(b, d) for s in signers for b in browsers for d in ("films", "books")}

    assert len(ids) == len(tokens) == 8
    assert all(re.fullmatch("n-[a-z2-7]{16}", user_id) for user_id in ids)
    assert all(len(token) >= 43 for token in tokens)
    assert Signer(SECRET).user_id(browsers[0], "films") in ids


def test_a_cookie_is_old_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = Signer(SECRET).cookie("b")
    assert not Signer(SECRET).is_old(cookie)

    class Later(datetime):
        @classmethod
        def now(cls, _: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + RENEWED_AFTER + timedelta(minutes=1)

    monkeypatch.setattr(signing, "datetime", Later)
    assert Signer(SECRET).is_old(cookie)

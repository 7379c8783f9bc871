"""Ids of browsers, their signed cookie, and the ids and tokens that are derived from them.

Everything follows from the cookie and one secret, so the app stores nothing about a visitor: after
a restart the same browser is the same user, and can still delete their data.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, TimestampSigner

COOKIE = "lantern_browser"
RENEWED_AFTER = timedelta(days=30)  # the cookie's lifetime then starts again
ID_BYTES = 10  # of a user id: 16 characters, like those of the API


class Signer:
    """Signs cookies, and derives the ids and tokens of users from ids of browsers.

    `secret` is that of the app: the same secret gives the same users.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._cookies = TimestampSigner(self._secret, salt="browser", digest_method=hashlib.sha256)

    def cookie(self, browser: str) -> str:
        """Return the value of a browser's cookie."""
        return self._cookies.sign(browser).decode()

    def browser(self, cookie: str | None) -> str | None:
        """Return the browser of a cookie; None if there is no cookie or its signature is wrong."""
        signed = self._read(cookie)
        return None if signed is None else signed[0]

    def is_old(self, cookie: str) -> bool:
        """Return whether a valid cookie was signed so long ago that it should be renewed."""
        signed = self._read(cookie)
        return signed is not None and datetime.now(UTC) - signed[1] > RENEWED_AFTER

    def user_id(self, browser: str, dataset: str) -> str:
        """Return the id of the browser's user, in the form of ids that the API creates."""
        return f"n-{b32encode(self._derived('user', browser, dataset)[:ID_BYTES]).decode().lower()}"

    def token(self, browser: str, dataset: str) -> str:
        """Return the token with which the data of the browser's user can be exported and erased."""
        return urlsafe_b64encode(self._derived("token", browser, dataset)).decode()

    def _derived(self, *parts: str) -> bytes:
        return hmac.digest(self._secret, "\n".join(parts).encode(), "sha256")

    def _read(self, cookie: str | None) -> tuple[str, datetime] | None:
        """Return the browser and the time of the signature; None if the signature is wrong."""
        try:
            browser, signed_at = self._cookies.unsign(cookie or "", return_timestamp=True)
        except BadSignature:
            return None
        return browser.decode(), signed_at


def new_browser() -> str:
    """Return the id of a browser that has not been seen before: 128 random bits."""
    return secrets.token_urlsafe(16)

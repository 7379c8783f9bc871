"""Where alerts are sent: the log, a webhook, e-mail. No error names a secret or an address."""

import hashlib
import hmac
import json
import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Protocol

import httpx2

from jobs.alerting import messages
from jobs.alerting.settings import AlertSettings
from jobs.runtime import deadline
from jobs.runtime.errors import JobError
from jobs.runtime.logs import event
from monitoring.alerts import Notice

log = logging.getLogger(__name__)

SIGNATURE, TIMESTAMP = "X-Lantern-Signature", "X-Lantern-Timestamp"
FIRST_PAUSE_SECONDS = 1.0  # doubled after each attempt
DELIVERY_SECONDS = 300  # of all attempts at one target together
_TOO_MANY, _SERVER_ERROR = 429, 500


class DeliveryError(JobError):
    """A target did not take the alerts. The next run sends them again."""


class _RefusedError(DeliveryError):
    """The target refused the alerts: another attempt would be refused too."""


class Target(Protocol):
    """A receiver of alerts. `name` identifies what was reported to it."""

    name: str

    def send(self, notices: Sequence[Notice]) -> None:
        """Send the alerts in one message.

        Raises:
            DeliveryError: the target does not take them, after all attempts.
        """


class Log:
    """The log of the task: one line per alert."""

    name = "log"

    def send(self, notices: Sequence[Notice]) -> None:
        """Write the alerts to the log."""
        for notice in notices:
            line = notice.line
            fields = {"dataset": notice.dataset, "check": line.check, "change": notice.change}
            fields |= {"level": line.level, "word": line.word, "detail": line.detail}
            level = logging.INFO if line.is_ok else logging.WARNING
            log.log(level, event("alert", **fields))


class Webhook:
    """An address that gets JSON by POST, signed if there is a secret."""

    name = "webhook"

    def __init__(self, settings: AlertSettings, url: str) -> None:
        self._settings, self._url = settings, url
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it names addresses of requests

    def send(self, notices: Sequence[Notice]) -> None:
        """Send the alerts; see `Target.send`."""
        now = datetime.now(UTC)
        payload = messages.payload(notices, self._settings.console_url, now)
        content = json.dumps(payload, ensure_ascii=False).encode()
        _attempt(self._settings, lambda: self._post(content))

    def _post(self, content: bytes) -> None:
        headers = {"Content-Type": "application/json", TIMESTAMP: f"{time.time():.0f}"}
        if self._settings.webhook_secret is not None:
            secret = self._settings.webhook_secret.get_secret_value()
            headers[SIGNATURE] = signature(secret, headers[TIMESTAMP], content)
        try:
            with (
                httpx2.Client(timeout=self._settings.timeout_seconds) as http,
                # the answer's body is not read: it may have no end
                http.stream("POST", self._url, content=content, headers=headers) as answer,
            ):
                pass
        except (httpx2.TransportError, httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise DeliveryError(f"the webhook: {type(error).__name__}") from None
        if answer.is_success:
            return
        status = answer.status_code
        kind = DeliveryError if status == _TOO_MANY or status >= _SERVER_ERROR else _RefusedError
        raise kind(f"the webhook answered with status {status}")


class Mail:
    """E-mail through an SMTP server."""

    name = "mail"

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings

    def send(self, notices: Sequence[Notice]) -> None:
        """Send the alerts; see `Target.send`."""
        message = EmailMessage()
        message["Subject"] = messages.subject(notices)
        message["From"] = self._settings.mail_from
        message["To"] = ", ".join(self._settings.mail_to)
        message["Date"] = datetime.now(UTC)
        message.set_content(messages.body(notices, self._settings.console_url))
        _attempt(self._settings, lambda: self._deliver(message))

    def _deliver(self, message: EmailMessage) -> None:
        settings = self._settings
        try:
            with self._connected() as server:
                if settings.smtp_security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if settings.smtp_user:
                    password = settings.smtp_password.get_secret_value()
                    server.login(settings.smtp_user, password)
                server.send_message(message)
        except smtplib.SMTPAuthenticationError:
            raise _RefusedError("the mail server refused the user name or the password") from None
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"the mail server: {type(error).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        address, timeout = (settings.smtp_host, settings.smtp_port), settings.timeout_seconds
        if settings.smtp_security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(*address, timeout=timeout, context=context)
        return smtplib.SMTP(*address, timeout=timeout)


def of(settings: AlertSettings) -> list[Target]:
    """Return the targets that the settings name; the log is always one."""
    targets: list[Target] = [Log()]
    url = settings.webhook_url.get_secret_value() if settings.webhook_url else ""
    if url:
        targets.append(Webhook(settings, url))
    if settings.mail_to:
        targets.append(Mail(settings))
    return targets


def signature(secret: str, timestamp: str, content: bytes) -> str:
    """Return the signature of a request: HMAC-SHA256 of `<timestamp>.<body>`, hexadecimal."""
    signed = f"{timestamp}.".encode() + content
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _attempt(settings: AlertSettings, send: Callable[[], None]) -> None:
    """Send, with further attempts if that fails, until the time for them is over.

    Raises:
        DeliveryError: the last attempt failed, or the target refused the message.
    """
    pause, until = FIRST_PAUSE_SECONDS, time.monotonic() + DELIVERY_SECONDS
    for number in range(1, settings.attempts + 1):
        try:
            _in_time(min(settings.timeout_seconds, until - time.monotonic()), send)
        except _RefusedError:
            raise
        except DeliveryError as error:
            if number == settings.attempts or time.monotonic() + pause >= until:
                raise
            log.warning("attempt %d failed: %s; trying again in %.0f s", number, error, pause)
            time.sleep(pause)
            pause *= 2
        else:
            return


def _in_time(seconds: float, send: Callable[[], None]) -> None:
    """Send within so many seconds in all.

    Raises:
        DeliveryError: `send` raised it, or the time is over.
    """
    try:
        deadline.within(seconds, send)
    except TimeoutError:
        raise DeliveryError(f"no complete answer within {seconds:.0f} s") from None

"""Alerts reach the log, a webhook and a mailbox; a target that is down is tried again."""

import hashlib
import hmac
import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.alerting import targets
from jobs.alerting.settings import AlertSettings
from jobs.alerting.targets import DeliveryError, Target
from monitoring.alerts import Notice
from monitoring.levels import Line
from tests.support.http_server import dripping, serving
from tests.support.smtp_server import mail_server

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
SECRET = "canary-of-the-webhook"  # noqa: S105 # invented
FULL = Line("disk", "Disk", "error", "Full", "1 MB free.", "Free space.", "maintenance")
LATE = Line("outbox", "Outbox", "ok", "Empty", "All is collected.")
NOTICES = [Notice("shop", "new", FULL, NOW), Notice("shop", "resolved", LATE, NOW)]
NO_ONE = 1  # a port on which nobody listens


@dataclass
class Hook:
    """The requests that a webhook received, and the statuses of its next answers."""

    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def webhook(hook: Hook) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.requests.append((dict(self.headers), content))
            self.send_response(hook.statuses.pop(0) if hook.statuses else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with serving(Handler) as url:
        yield f"{url}/hooks/canary"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "FIRST_PAUSE_SECONDS", 0.0)


def only(**fields: Any) -> Target:
    """Return the target beside the log that these settings name."""
    _, target = targets.of(AlertSettings.model_validate(fields))
    return target


def mail(port: int, **fields: Any) -> Target:
    return only(
        **{"mail_to": ["ops@example.org"], "mail_from": "lantern@example.org", "smtp_port": port}
        | {"smtp_host": "127.0.0.1", "smtp_security": "none"}
        | fields
    )


def test_without_settings_only_the_log_gets_alerts(caplog: pytest.LogCaptureFixture) -> None:
    [log] = targets.of(AlertSettings())

    with caplog.at_level(logging.INFO):
        log.send(NOTICES)

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "alert dataset=shop check=disk change=new level=error word=Full" in caplog.text


def test_a_webhook_gets_signed_json() -> None:
    hook = Hook()
    with webhook(hook) as url:
        only(webhook_url=url, webhook_secret=SECRET, console_url="https://example.org/").send(
            NOTICES
        )

    [(headers, content)] = hook.requests
    first, second = json.loads(content)["alerts"]
    assert (first["change"], first["check"], first["level"]) == ("new", "disk", "error")
    assert first["next_step"] == "Free space."
    assert second["change"] == "resolved"
    assert "https://example.org/overview" in json.loads(content)["text"]
    signed = headers["X-Lantern-Timestamp"].encode() + b"." + content
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Lantern-Signature"] == f"sha256={expected}"


def test_a_webhook_without_a_secret_has_no_signature() -> None:
    hook = Hook()
    with webhook(hook) as url:
        only(webhook_url=url).send(NOTICES)

    assert "X-Lantern-Signature" not in hook.requests[0][0]


def test_a_success_does_not_name_the_address_either(caplog: pytest.LogCaptureFixture) -> None:
    with webhook(Hook()) as url, caplog.at_level(logging.INFO):
        only(webhook_url=url, webhook_secret=SECRET).send(NOTICES)

    assert "canary" not in caplog.text


def test_the_body_of_a_webhooks_answer_is_not_read() -> None:
    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):  # until the client closes
                for _ in range(1000):
                    self.wfile.write(b"x" * 1_000_000)
                n_written.append(1000)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    n_written: list[int] = []
    with serving(Endless) as url:
        only(webhook_url=url).send(NOTICES)

    assert not n_written


def test_a_webhook_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    hook = Hook(statuses=[500, 429])
    with webhook(hook) as url:
        only(webhook_url=url, attempts=3).send(NOTICES)

    assert len(hook.requests) == 3
    assert "attempt 2 failed: the webhook answered with status 429" in caplog.text


@pytest.mark.parametrize(("status", "n_requests"), [(503, 2), (404, 1), (302, 1)])
def test_a_webhook_that_refuses_is_an_error(status: int, n_requests: int) -> None:
    hook = Hook(statuses=[status] * 2)
    with webhook(hook) as url, pytest.raises(DeliveryError, match=str(status)):
        only(webhook_url=url, attempts=2).send(NOTICES)

    assert len(hook.requests) == n_requests


def test_no_error_names_the_address_or_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://127.0.0.1:{NO_ONE}/hooks/canary"
    target = only(webhook_url=url, webhook_secret=SECRET, attempts=2)

    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as error:
        target.send(NOTICES)

    assert "ConnectError" in str(error.value)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("jobs")]
    assert "canary" not in "".join([*ours, str(error.value), repr(AlertSettings(webhook_url=url))])


def test_mail_has_each_alert_with_its_next_step() -> None:
    with mail_server() as mailbox:
        mail(mailbox.port).send(NOTICES)

    [message] = mailbox.messages
    assert "Subject: Lantern: 1 new, 1 resolved (shop: Disk, Full)" in message
    assert "[RED] shop: Disk: Full (new, since 2026-06-10 12:00 UTC)" in message
    assert "Next: Free space." in message
    assert mailbox.recipients == ["TO:<OPS@EXAMPLE.ORG>"]
    assert mailbox.encrypted == [False]


def test_a_mail_server_that_refuses_is_tried_again() -> None:
    with mail_server() as mailbox:
        mailbox.refusals = 1
        mail(mailbox.port, attempts=2).send(NOTICES)
        mailbox.refusals = 2
        with pytest.raises(DeliveryError, match="SMTPDataError"):
            mail(mailbox.port, attempts=2).send(NOTICES)

    assert len(mailbox.messages) == 1


def test_mail_is_encrypted_before_the_password_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certified(tmp_path)
    settings = {"smtp_security": "starttls", "smtp_user": "ops", "smtp_password": SECRET}
    with mail_server(context) as mailbox:
        with pytest.raises(DeliveryError, match="SSLCertVerificationError"):
            mail(mailbox.port, attempts=1, **settings).send(NOTICES)  # its certificate is unknown
        assert mailbox.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))

        mail(mailbox.port, **settings).send(NOTICES)
        mailbox.accepts_login = False
        with pytest.raises(DeliveryError, match="refused the user name") as error:
            mail(mailbox.port, **settings).send(NOTICES)

    assert mailbox.encrypted == [True]
    assert mailbox.logins == [("ops", SECRET)] * 2
    assert SECRET not in str(error.value)


def test_without_starttls_at_the_server_nothing_is_sent() -> None:
    with mail_server() as mailbox, pytest.raises(DeliveryError, match="SMTPNotSupportedError"):
        mail(mailbox.port, attempts=1, smtp_security="starttls").send(NOTICES)

    assert mailbox.messages == []


def test_a_webhook_that_sends_header_fields_without_end_is_left_in_time() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n") as port:
        url = f"http://127.0.0.1:{port}/hooks/canary"
        with pytest.raises(DeliveryError, match="no complete answer within 3 s"):
            only(webhook_url=url, attempts=1, timeout_seconds=3).send(NOTICES)


def test_a_mail_server_that_greets_without_end_is_left_in_time() -> None:
    with (
        dripping(b"", b"220-welcome\r\n") as port,
        pytest.raises(DeliveryError, match="no complete answer within 3 s"),
    ):
        mail(port, attempts=1, timeout_seconds=3).send(NOTICES)


def test_all_attempts_together_have_a_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "DELIVERY_SECONDS", 3)
    monkeypatch.setattr(targets, "FIRST_PAUSE_SECONDS", 1.0)
    hook = Hook(statuses=[500] * 9)

    with webhook(hook) as url, pytest.raises(DeliveryError, match="500"):
        only(webhook_url=url, attempts=9).send(NOTICES)

    assert len(hook.requests) == 2


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"mail_to": ["a@example.org"]}, "ALERT_SMTP_HOST"),
        ({"smtp_user": "a", "smtp_security": "none"}, "ALERT_SMTP_SECURITY"),
    ],
)
def test_incomplete_settings_are_refused(fields: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        AlertSettings.model_validate(fields)


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context with a certificate for loopback, and the certificate's file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(loopback, critical=False).sign(key, hashes.SHA256())
    pem, key_file = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_file)
    return context, pem

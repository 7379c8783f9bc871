"""A mail server of a test on loopback: it keeps messages, with STARTTLS and sign-in if asked."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Mailbox:
    """What the server received. `port` is its port; `refusals` is how often it refuses first."""

    port: int = 0
    messages: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refusals: int = 0
    accepts_login: bool = True


class _Session(socketserver.StreamRequestHandler):
    mailbox: Mailbox
    context: ssl.SSLContext | None

    def handle(self) -> None:
        is_encrypted = False
        self._say("220 test")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                extensions = ["AUTH PLAIN"] + ["STARTTLS"] * (self.context is not None)
                self._say(*[f"250-{each}" for each in ["test", *extensions]], "250 OK")
            elif verb == "STARTTLS" and self.context is not None:
                self._say("220 go on")
                self.connection = self.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = (self.connection.makefile(mode) for mode in ("rb", "wb"))
                is_encrypted = True
            elif verb == "AUTH":
                _, name, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                self.mailbox.logins.append((name, password))
                self._say("235 welcome" if self.mailbox.accepts_login else "535 no")
            elif verb == "RCPT":
                self.mailbox.recipients.append(rest.upper())
                self._say("250 OK")
            elif verb == "DATA":
                self._receive(is_encrypted=is_encrypted)
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 OK")

    def _receive(self, *, is_encrypted: bool) -> None:
        if self.mailbox.refusals:
            self.mailbox.refusals -= 1
            self._say("451 later")
            return
        self._say("354 send it")
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        self.mailbox.messages.append("".join(lines))
        self.mailbox.encrypted.append(is_encrypted)
        self._say("250 OK")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
        self.wfile.flush()


@contextmanager
def mail_server(context: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Serve on a free port while the block runs; with a context it offers STARTTLS."""
    mailbox = Mailbox()
    attributes: dict[str, Any] = {"mailbox": mailbox, "context": context}
    handler = type("Session", (_Session,), attributes)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        mailbox.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield mailbox
        finally:
            server.shutdown()
            thread.join()

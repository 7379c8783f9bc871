"""The configuration of nginx, run by nginx with a certificate of the test's own."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ops.machine.ports import free
from tests.support.http_server import serving

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONFIGURATION = Path(__file__).parents[2] / "ops/proxy/nginx.conf"
NAMES = ("lantern.example.org", "api.lantern.example.org", "airflow.lantern.example.org")
MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/lantern.conf;
}}
"""

pytestmark = pytest.mark.skipif(
    not Path(NGINX).exists(), reason="no nginx: NOT TESTED. On Debian: apt install nginx-light"
)


class Echo(BaseHTTPRequestHandler):
    """Answers with the request as it arrived."""

    def do_GET(self) -> None:
        body = f"{self.command} {self.path}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 # the handler's own name

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its ports by those of the configuration, and its certificate."""

    ports: dict[int, int]
    certificate: Path


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Return nginx before an echo of requests."""
    folder = tmp_path_factory.mktemp("nginx")
    ports = {80: free(), 443: free()}
    make_certificate(folder)
    with serving(Echo) as url:
        text = CONFIGURATION.read_text()
        text = text.replace("/etc/nginx/lantern/", f"{folder}/")
        text = re.sub(r"127\.0\.0\.1:\d+", url.removeprefix("http://"), text)
        text = re.sub(r"listen (\d+)", lambda m: f"listen 127.0.0.1:{ports[int(m[1])]}", text)
        (folder / "lantern.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        process = subprocess.Popen(  # noqa: S603 # our own configuration
            [NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        )
        try:
            wait(ports[443], process, folder)
            yield Proxy(ports, folder / "certificate.pem")
        finally:
            process.terminate()
            process.wait(timeout=10)


def make_certificate(folder: Path) -> None:
    names = ",".join(f"DNS:{name}" for name in NAMES)
    subprocess.run(  # noqa: S603
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",  # noqa: S607
         "-nodes", "-days", "2", "-subj", f"/CN={NAMES[0]}", "-addext", f"subjectAltName={names}",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def wait(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    pytest.fail(f"nginx did not start: {(folder / 'error.log').read_text()}")


def ask(proxy: Proxy, name: str, path: str, method: str = "GET", **options: Any) -> httpx2.Response:
    """Return the answer to a request by TLS for a name."""
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    headers = {"Host": name, **options.pop("headers", {})}
    with httpx2.Client(verify=trusted) as http:
        return http.request(
            method,
            f"https://127.0.0.1:{proxy.ports[443]}{path}",
            headers=headers,
            extensions={"sni_hostname": name},
            **options,
        )


def test_plain_http_is_redirected(proxy: Proxy) -> None:
    answer = httpx2.get(f"http://127.0.0.1:{proxy.ports[80]}/x", headers={"Host": NAMES[0]})

    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{NAMES[0]}/x")


def test_another_name_gets_no_answer(proxy: Proxy) -> None:
    with pytest.raises(httpx2.ConnectError, match=r"(?i)unrecognized name|handshake"):
        ask(proxy, "evil.example", "/")
    with pytest.raises(httpx2.RemoteProtocolError):  # no redirect to it either
        httpx2.get(f"http://127.0.0.1:{proxy.ports[80]}/x", headers={"Host": "evil.example"})
    with pytest.raises(httpx2.RemoteProtocolError):  # the handshake named one of ours
        ask(proxy, NAMES[0], "/", headers={"Host": "evil.example"})


@pytest.mark.parametrize("name", NAMES)
def test_the_programs_get_the_name_the_client_and_the_scheme(proxy: Proxy, name: str) -> None:
    path = "/v1/shop" if name.startswith("api.") else "/"
    answer = ask(proxy, name, path, headers={"X-Forwarded-For": "6.6.6.6"})

    assert f"Host: {name}\n" in answer.text
    assert "X-Forwarded-For: 127.0.0.1\n" in answer.text
    assert "X-Forwarded-Proto: https\n" in answer.text
    assert answer.headers["strict-transport-security"]


def test_no_page_of_another_origin_shows_airflow_in_a_frame(proxy: Proxy) -> None:
    answer = ask(proxy, NAMES[2], "/dags")

    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_the_api_gets_the_path_as_it_was_sent(proxy: Proxy) -> None:
    path = "/v1/shop/users/a%2Fb%20%C3%BC/ratings/c%252F"

    assert ask(proxy, NAMES[1], path).text.startswith(f"GET {path}\n")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (NAMES[0], "/_stcore/upload_file/s/f"),
        (NAMES[1], "/metrics"),
        (NAMES[1], "/ready"),
        (NAMES[1], "/openapi.json"),
        (NAMES[2], "/execution/x"),
    ],
)
def test_what_is_for_the_machine_itself_is_closed(proxy: Proxy, name: str, path: str) -> None:
    assert ask(proxy, name, path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/execution/variables/../../x",
        "/execution/variables/%2E%2e/../x",
        "/execution/variables/..%2F..%2fx",
        "/execution/x/../..?a",
        "/a/..",
    ],
)
def test_a_path_with_dots_opens_nothing(proxy: Proxy, path: str) -> None:
    assert ask_as_sent(proxy, NAMES[2], path).startswith(b"HTTP/1.1 404 ")
    assert ask_as_sent(proxy, NAMES[2], "/a..b/c?d=/../e").startswith(b"HTTP/1.1 200 ")


def ask_as_sent(proxy: Proxy, name: str, path: str) -> bytes:
    """Return the beginning of the answer to a path that clients would shorten."""
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    address = ("127.0.0.1", proxy.ports[443])
    with (
        socket.create_connection(address, timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        return connection.recv(4096)


def test_a_body_above_the_limit_is_refused(proxy: Proxy) -> None:
    answer = ask(proxy, NAMES[1], "/v1/shop/availability", "PUT", content=b"x" * 1_100_000)

    assert answer.status_code == 413


def test_sign_in_attempts_are_limited(proxy: Proxy) -> None:
    statuses = [ask(proxy, NAMES[2], "/auth/token", "POST").status_code for _ in range(20)]

    assert statuses[:10] == [200] * 10
    assert 429 in statuses


def test_a_websocket_is_upgraded(proxy: Proxy) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    answer = ask(proxy, NAMES[0], "/_stcore/stream", headers=headers)

    assert "Upgrade: websocket\n" in answer.text
    assert "Connection: upgrade\n" in answer.text


def test_new_tabs_are_limited_and_pages_are_not(proxy: Proxy) -> None:
    statuses = [ask(proxy, NAMES[0], "/_stcore/stream").status_code for _ in range(30)]

    assert statuses[:10] == [200] * 10
    assert 429 in statuses
    assert ask(proxy, NAMES[0], "/").status_code == 200

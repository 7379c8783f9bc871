"""The layer before Streamlit, with a small app in Streamlit's place."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from dashboards.server.cookies import Cookies
from dashboards.server.guards import SECURITY_HEADERS, Guards

OWN = {"Origin": "http://testserver"}


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(request.cookies.get("visitor", "nobody"))


async def session(websocket: WebSocket) -> None:
    await websocket.accept()
    origin, cookies = websocket.headers.get("origin"), websocket.cookies
    await websocket.send_json({"origin": origin, "cookies": cookies})
    await websocket.close()


@pytest.fixture
def http() -> Iterator[TestClient]:
    """A client of the layer, in which one session may upload."""
    app = Starlette(
        routes=[Route("/{path:path}", page), WebSocketRoute("/_stcore/stream", session)],
        middleware=[
            Middleware(Guards, may_upload=lambda _, session_id: session_id == "permitted"),
            Middleware(
                Cookies,
                name="visitor",
                renew=lambda value: None if value else "n-1",
                redeem=lambda _ticket, _value: None,
            ),
        ],
    )
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/overview", "/_stcore/upload_file/s/f"])
def test_every_answer_has_security_headers(http: TestClient, path: str) -> None:
    headers = http.get(path).headers

    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_pictures_are_allowed_from_the_given_hosts_alone() -> None:
    hosts = ("img.example.org", "cdn.example.com:8443")
    app = Starlette(routes=[Route("/", page)], middleware=[Middleware(Guards, picture_hosts=hosts)])

    policies = {
        name: values
        for name, *values in (
            part.split()
            for part in TestClient(app).get("/").headers["content-security-policy"].split(";")
        )
    }

    own = ["'self'", "data:", "blob:"]
    assert policies["img-src"] == [*own, "https://img.example.org", "https://cdn.example.com:8443"]
    assert not any("example" in str(of) for name, of in policies.items() if name != "img-src")
    assert f"img-src {' '.join(own)};" in SECURITY_HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/_stcore/upload_file/s/f", "/lantern/_stcore/upload_file/s/f", "/_stcore/agent/mcp",
     "/_stcore/metrics", "/auth/login", "/oauth2callback"],
)  # fmt: skip
def test_paths_without_a_use_are_closed(http: TestClient, path: str) -> None:
    assert http.put(path, content=b"x").status_code == 404
    assert http.get(path).status_code == 404


def test_a_file_is_taken_only_for_a_session_that_may_upload(http: TestClient) -> None:
    path = "/_stcore/upload_file/permitted/f"
    assert http.put(path, content=b"x").status_code == 405  # of the small app, which has no PUT
    assert http.delete(f"/lantern{path}").status_code == 405

    for other in (
        path.replace("permitted", "s"),
        f"{path}/more",
        path.replace("/f", ""),
        "/_stcore/metrics/_stcore/upload_file/permitted/f/..",
    ):
        assert http.put(other, content=b"x").status_code == 404
    assert http.get(path).status_code == 404
    assert http.post(path, content=b"x").status_code == 404
    assert http.put(path, headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "http://testserver:81", "null", "", "file://testserver"),
        *("http://[", "http://[testserver]"),
    ],
)
def test_a_page_of_another_origin_is_refused(http: TestClient, origin: str) -> None:
    assert http.get("/", headers={"Origin": origin}).status_code == 403
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        http.websocket_connect("/_stcore/stream", headers={"Origin": origin}),
    ):
        pass
    assert refused.value.status_code == 403


def test_streamlit_does_not_see_an_origin_that_was_checked(http: TestClient) -> None:
    with http.websocket_connect("/_stcore/stream", headers=OWN) as websocket:
        assert websocket.receive_json()["origin"] is None


def test_a_page_sets_an_http_only_cookie_once(http: TestClient) -> None:
    html = {"Accept": "text/html,*/*"}

    assert "set-cookie" not in http.get("/favicon.png").headers
    first = http.get("/", headers=html)
    second = http.get("/", headers=html)

    cookie = first.headers["set-cookie"]
    assert cookie.startswith("visitor=n-1; HttpOnly; Max-Age=")
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert "set-cookie" not in second.headers
    assert second.text == "n-1"


def test_behind_tls_only_a_cookie_that_no_other_host_can_plant_counts(http: TestClient) -> None:
    page, headers = "https://testserver/", {"Accept": "text/html", "Cookie": "visitor=planted"}
    answer = http.get(page, headers=headers)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-visitor=n-1; HttpOnly; ")
    assert {"Path=/", "Secure"} <= {*cookie.split("; ")}
    assert "Domain" not in cookie
    assert answer.headers["cache-control"] == "private, no-cache"
    for sent, seen in (
        ("visitor=planted; theme=dark", {"theme": "dark"}),
        ("__Host-visitor=n-1; visitor =planted", {"visitor": "n-1"}),
    ):
        headers = {"Origin": "https://testserver", "Cookie": sent}
        http.cookies.clear()
        url = "wss://testserver/_stcore/stream"
        with http.websocket_connect(url, headers=headers) as websocket:
            assert websocket.receive_json()["cookies"] == seen

"""Each WebSocket has a name of its own, which no client chooses."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from dashboards.server.connections import CONNECTION, Connections, name_of


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    named = [name_of(websocket.scope), *websocket.headers.getlist(CONNECTION)]
    await websocket.send_json(named)
    await websocket.close()


async def page(request: Request) -> JSONResponse:
    return JSONResponse(name_of(request.scope))


def test_a_client_cannot_choose_the_name_of_its_websocket() -> None:
    routes = [WebSocketRoute("/stream", stream), Route("/", page)]
    app = Starlette(routes=routes, middleware=[Middleware(Connections)])
    names = set()
    with TestClient(app) as client:
        for _ in range(2):
            with client.websocket_connect("/stream", headers={CONNECTION: "mine"}) as websocket:
                first, second = websocket.receive_json()
            assert first == second != "mine"
            names.add(first)
        assert client.get("/", headers={CONNECTION: "mine"}).json() is None

    assert len(names) == 2

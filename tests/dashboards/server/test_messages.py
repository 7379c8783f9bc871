"""Of Streamlit's messages only those that our pages send are passed on."""

import uuid
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from dashboards.server.messages import (
    MAX_BRACKETS,
    MAX_BYTES,
    MAX_ELEMENTS,
    MAX_FILES,
    POLICY_VIOLATION,
    VALUES,
    Messages,
)

KINDS = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields}
VALUE_KINDS = {field.name for field in WidgetState.DESCRIPTOR.oneofs_by_name["value"].fields}
PASSED = {"rerun_script", "stop_script", "app_heartbeat"}


async def session(websocket: WebSocket) -> None:
    """Answer each message with its kind, in Streamlit's place."""
    await websocket.accept()
    async for content in websocket.iter_bytes():
        await websocket.send_text(str(BackMsg.FromString(content).WhichOneof("type")))
    await websocket.send_text("after the end")


@pytest.fixture(scope="module")
def http() -> Iterator[TestClient]:
    """A client of an app in which the session `s1` may upload."""
    messages = Middleware(
        Messages,
        is_signed_in=lambda scope: (b"cookie", b"signed in") in scope["headers"],
        may_upload=lambda _, session_id: session_id == "s1",
    )
    app = Starlette(routes=[WebSocketRoute("/", session)], middleware=[messages])
    with TestClient(app) as client:
        yield client


def message(kind: str) -> BackMsg:
    """Return the smallest message of a kind."""
    smallest = BackMsg()
    if BackMsg.DESCRIPTOR.fields_by_name[kind].message_type is None:
        setattr(smallest, kind, True)
    else:
        getattr(smallest, kind).SetInParent()
    return smallest


def file_urls(session_id: str, n_files: int) -> BackMsg:
    asked = BackMsg()
    asked.file_urls_request.session_id = session_id
    asked.file_urls_request.file_names.extend(["a.csv"] * n_files)
    return asked


def page(n_widgets: int = 1, n_hashes: int = 1) -> BackMsg:
    rerun = BackMsg()
    for _ in range(n_widgets):
        rerun.rerun_script.widget_states.widgets.add()
    rerun.rerun_script.cached_message_hashes.extend(["h"] * n_hashes)
    return rerun


def download(file_id: str, request_id: str = "1") -> BackMsg:
    asked = BackMsg()
    asked.backend_operation_request.request_id = request_id
    asked.backend_operation_request.deferred_file.file_id = file_id
    return asked


def widget() -> tuple[BackMsg, WidgetState]:
    """Return a message with one widget, and the widget."""
    rerun = BackMsg()
    return rerun, rerun.rerun_script.widget_states.widgets.add(id="w")


def files(n_files: int) -> BackMsg:
    rerun, uploader = widget()
    for _ in range(n_files):
        uploader.file_uploader_state_value.uploaded_file_info.add()
    return rerun


def answer(http: TestClient, content: BackMsg | bytes, cookie: str = "none") -> str | int:
    """Return the kind of a message that the app gets; of a refused one the code of the end."""
    if isinstance(content, BackMsg):
        content = content.SerializeToString()
    with http.websocket_connect("/", headers={"cookie": cookie}) as websocket:
        websocket.send_bytes(content)
        try:
            return websocket.receive_text()
        except WebSocketDisconnect as closed:
            return closed.code


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_of_message_passes_only_if_a_page_sends_it(http: TestClient, kind: str) -> None:
    assert answer(http, message(kind)) == (kind if kind in PASSED else POLICY_VIOLATION)


def test_the_last_kind_of_a_message_counts_as_in_streamlit(http: TestClient) -> None:
    rerun, clear = (message(kind).SerializeToString() for kind in ("rerun_script", "clear_cache"))

    assert answer(http, clear + rerun) == "rerun_script"
    assert answer(http, rerun + clear) == POLICY_VIOLATION


def test_only_a_session_that_may_upload_asks_for_addresses_of_a_few_files(
    http: TestClient,
) -> None:
    assert answer(http, file_urls("s1", MAX_FILES)) == "file_urls_request"
    for refused in (file_urls("s1", MAX_FILES + 1), file_urls("s2", 1), file_urls("", 1)):
        assert answer(http, refused) == POLICY_VIOLATION


def test_without_uploads_nobody_asks_for_addresses() -> None:
    app = Starlette(routes=[WebSocketRoute("/", session)], middleware=[Middleware(Messages)])

    assert answer(TestClient(app), file_urls("s1", 1)) == POLICY_VIOLATION


def test_a_rerun_has_the_size_of_a_page(http: TestClient) -> None:
    half = MAX_ELEMENTS // 2
    assert answer(http, page(half, half)) == "rerun_script"
    for refused in (page(half, half + 1), page(half + 1, half)):
        assert answer(http, refused) == POLICY_VIOLATION


@pytest.mark.parametrize("kind", ["double", "int", "string"])
def test_the_values_of_one_widget_count(http: TestClient, kind: str) -> None:
    rerun, chosen = widget()
    values = getattr(chosen, f"{kind}_array_value").data
    values.extend(["" if kind == "string" else 0] * (MAX_ELEMENTS - 1))

    assert answer(http, rerun) == "rerun_script"
    values.append(values[0])
    assert answer(http, rerun, "signed in") == POLICY_VIOLATION


def test_an_uploader_has_few_files_and_none_without_uploads(http: TestClient) -> None:
    without = Starlette(routes=[WebSocketRoute("/", session)], middleware=[Middleware(Messages)])

    assert answer(http, files(MAX_FILES)) == "rerun_script"
    assert answer(http, files(MAX_FILES + 1), "signed in") == POLICY_VIOLATION
    assert answer(TestClient(without), files(1)) == POLICY_VIOLATION


@pytest.mark.parametrize("kind", sorted(VALUE_KINDS))
def test_a_kind_of_value_passes_only_if_a_widget_of_ours_sends_it(
    http: TestClient, kind: str
) -> None:
    rerun, sender = widget()
    field = WidgetState.DESCRIPTOR.fields_by_name[kind]
    if field.message_type is None:
        setattr(sender, kind, field.default_value)
    else:
        getattr(sender, kind).SetInParent()

    assert answer(http, rerun) == ("rerun_script" if kind in VALUES else POLICY_VIOLATION)


@pytest.mark.parametrize("kind", ["json_value", "json_trigger_value"])
def test_a_component_sends_no_deeply_nested_value(http: TestClient, kind: str) -> None:
    rerun, component = widget()
    setattr(component, kind, "[" * MAX_BRACKETS)

    assert answer(http, rerun) == "rerun_script"
    setattr(component, kind, "[{" * MAX_BRACKETS)
    assert answer(http, rerun, "signed in") == POLICY_VIOLATION


def test_only_a_signed_in_browser_sends_a_long_text(http: TestClient) -> None:
    rerun, editor = widget()
    editor.string_value = "é" * (MAX_BYTES // 2)

    assert answer(http, rerun) == POLICY_VIOLATION
    assert answer(http, rerun, "signed in") == "rerun_script"


@pytest.mark.parametrize("content", [b"", b"\xff", b"\x08"], ids=["empty", "none", "cut off"])
def test_what_is_no_message_is_refused(http: TestClient, content: bytes) -> None:
    assert answer(http, content) == POLICY_VIOLATION


def test_text_is_refused(http: TestClient) -> None:
    with http.websocket_connect("/") as websocket:
        websocket.send_text("rerun")
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == POLICY_VIOLATION


def test_a_download_passes_and_no_other_operation_of_streamlit(http: TestClient) -> None:
    kind, file_id = "backend_operation_request", uuid.uuid4().hex
    assert answer(http, download(file_id)) == kind
    install, chunk = BackMsg(), BackMsg()
    install.backend_operation_request.install_skills.SetInParent()
    chunk.backend_operation_request.dataframe_chunk.limit = 10**6
    for refused in (
        install,
        chunk,
        download("../secret"),
        download(file_id + "\n"),
        download(file_id, request_id="1" * 65),
    ):
        assert answer(http, refused) == POLICY_VIOLATION

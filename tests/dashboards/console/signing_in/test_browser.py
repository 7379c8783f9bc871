"""Signing out in a real browser."""

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.support.dashboards.browsing import NEEDED, at_rest, sign_in

pytestmark = NEEDED


class LateRefreshes:
    """Sends the refreshes of a page's fragments once more while the account is signed out.

    A browser does so when a timer ends in the moment of the click. They are sent with the click, or
    after the given number of messages that answer it.
    """

    def __init__(self, page: Page, after_messages: int) -> None:
        self.page = page
        self.after_messages = after_messages
        self.n_answers: int | None = None
        self.by_fragment: dict[str, bytes] = {}
        page.route_web_socket(lambda url: "_stcore/stream" in url, self._connect)

    def wait_for(self, n_fragments: int) -> None:
        """Wait until so many fragments have been refreshed."""
        for _ in range(120):
            if len(self.by_fragment) >= n_fragments:
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(f"only {len(self.by_fragment)} fragments were refreshed within 30 s")

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def forward(message: str | bytes) -> None:
            assert isinstance(message, bytes)
            server.send(message)
            rerun = BackMsg.FromString(message).rerun_script
            if rerun.is_auto_rerun:
                self.by_fragment[rerun.fragment_id] = message
            elif any("sign_out" in widget.id for widget in rerun.widget_states.widgets):
                self.n_answers = 0
                refresh_if_due()

        def answer(message: str | bytes) -> None:
            socket.send(message)
            if self.n_answers is not None:
                self.n_answers += 1
                refresh_if_due()

        def refresh_if_due() -> None:
            if self.n_answers == self.after_messages:
                for refresh in self.by_fragment.values():
                    server.send(refresh)

        socket.on_message(forward)
        server.on_message(answer)


@pytest.mark.parametrize("after_messages", [0, 1, 20])
def test_a_refresh_in_the_moment_of_signing_out_leaves_the_form_alone(
    after_messages: int, app: str, desktop: Page
) -> None:
    late = LateRefreshes(desktop, after_messages)
    sign_in(desktop, f"{app}/overview")
    expect(desktop.get_by_text("of 8 tasks done")).to_be_visible()
    late.wait_for(6)

    at_rest(desktop).get_by_role("button", name="maya").click()
    desktop.get_by_role("button", name="Sign out").click()

    expect(desktop.get_by_label("Username")).to_be_visible()
    desktop.get_by_label("Username").fill("maya")
    expect(at_rest(desktop).get_by_label("Username")).to_have_value("maya")


def test_a_tab_asks_to_sign_in_soon_after_another_one_signed_out(app: str, desktop: Page) -> None:
    sign_in(desktop, f"{app}/overview")
    other = desktop.context.new_page()
    other.goto(f"{app}/overview")
    expect(other.get_by_text("of 8 tasks done")).to_be_visible()

    at_rest(desktop).get_by_role("button", name="maya").click()
    desktop.get_by_role("button", name="Sign out").click()

    expect(other.get_by_label("Username")).to_be_visible(timeout=20_000)
    expect(other.get_by_text("of 8 tasks done")).to_have_count(0)

import pytest
from starlette.routing import Match

from serving.api.path_ids import PathIdRoute


def ids(path: str, raw: bytes | None) -> dict[str, str] | None:
    """Return the parameters that a route finds in a path; None if it is another's."""
    route = PathIdRoute("/users/{user_id:id}/ratings/{item_id:id}", lambda: None, methods=["PUT"])
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": raw, "root_path": ""}
    match, found = route.matches(scope)
    return found["path_params"] if match == Match.FULL else None


@pytest.mark.parametrize(
    ("raw", "user_id", "item_id"),
    [
        (b"/users/u/ratings/i", "u", "i"),
        (b"/users/a%2Fratings%2Fb/ratings/c%2Fd", "a/ratings/b", "c/d"),
        (b"/users/%252F/ratings/%0A", "%2F", "\n"),
        ("/users/ü/ratings/%C3%BC".encode(), "ü", "ü"),
        (b"/users//ratings/", "", ""),
    ],
)
def test_an_id_is_what_stands_between_two_slashes_as_it_was_sent(
    raw: bytes, user_id: str, item_id: str
) -> None:
    assert ids("/unquoted", raw) == {"user_id": user_id, "item_id": item_id}


def test_more_segments_are_another_route() -> None:
    assert ids("/unquoted", b"/users/a/ratings/b/ratings/c") is None


def test_a_server_that_does_not_tell_what_was_sent_is_believed() -> None:
    assert ids("/users/u/ratings/i", None) == {"user_id": "u", "item_id": "i"}

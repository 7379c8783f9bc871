import pytest
from starlette.routing import Match

from serving.api.path_ids import PathIdRoute


def ids(path: str, raw: bytes | None) -> dict[str, str] | None:
    """Return the parameters of a path that the route matches, otherwise None."""
    route = PathIdRoute("/users/{user_id:id}/ratings/{item_id:id}", lambda: None, methods=["PUT"])
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": raw, "root_path": ""}
    match, matched_scope = route.matches(scope)
    return matched_scope["path_params"] if match == Match.FULL else None


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
def test_an_id_is_one_segment_of_the_path_as_sent(raw: bytes, user_id: str, item_id: str) -> None:
    assert ids("/unquoted", raw) == {"user_id": user_id, "item_id": item_id}


def test_a_path_with_more_segments_does_not_match() -> None:
    assert ids("/unquoted", b"/users/a/ratings/b/ratings/c") is None


def test_the_plain_path_is_used_if_the_server_passes_no_raw_path() -> None:
    assert ids("/users/u/ratings/i", None) == {"user_id": "u", "item_id": "i"}

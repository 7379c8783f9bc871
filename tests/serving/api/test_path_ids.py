import pytest
from starlette.routing import Match

from serving.api.path_ids import PathIdRoute, must_be_utf8
from serving.errors import RequestRefusedError


def ids(path: str, raw: bytes | None) -> dict[str, str] | None:
    """Return the parameters of a path that the route matches, otherwise None."""
    route = PathIdRoute("/users/{user_id:id}/ratings/{item_id:id}", lambda: None, methods=["PUT"])
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": raw, "root_path": ""}
    match, matched_scope = route.matches(scope)
    return route.unquoted(matched_scope["path_params"]) if match == Match.FULL else None


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


@pytest.mark.parametrize(
    "raw", [b"/users/J%FCrgen/ratings/i", b"/users/u/ratings/%E4", b"/users/\xfc/ratings/i"]
)
def test_an_id_that_is_not_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefusedError, match=r"path\.(user|item)_id: .*UTF-8"):
        ids("/unquoted", raw)


@pytest.mark.parametrize("query", [b"q=J%FCrgen", b"q=%E4", b"q=a&q=%ff", b"q=\xc3\xbc"])
def test_a_query_that_is_not_utf8_is_refused(query: bytes) -> None:
    with pytest.raises(RequestRefusedError, match=r"query: .*UTF-8"):
        must_be_utf8(query)


@pytest.mark.parametrize("query", [b"", b"q=J%C3%BCrgen&limit=5", b"q=100%", b"q=a+b"])
def test_other_queries_are_accepted(query: bytes) -> None:
    must_be_utf8(query)

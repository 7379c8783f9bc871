"""Versions of placements."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text

from serving.errors import (
    FilterRefusedError,
    PlacementChangedError,
    RequestRefusedError,
    UnknownAttributeError,
    UnknownPlacementError,
)
from serving.placements import store
from serving.placements.defaults import DEFAULTS
from serving.schemas import NewPlacement
from serving.schemas.placements import MAX_PLACEMENTS
from tests.support.serving import shop
from tests.support.serving.placements import put, shelf
from tests.support.serving.rules import revision


def test_versions_are_kept_and_the_newest_is_active(api: Engine) -> None:
    before = revision(api)
    first = put(api, "home", shelf("for_you", "Yours"))
    second = put(api, "home", shelf("new", "New here"), instead_of=1)

    with shop.reading(api) as connection:
        assert store.history(connection, "home", limit=9) == [second, first, DEFAULTS["home"]]
        assert store.history(connection, "home", limit=1) == [second]
        assert store.active(connection, "home") == second
        assert store.version(connection, "home", 1) == first
        assert store.version(connection, "home", 0) == DEFAULTS["home"]
        assert store.all_active(connection) == [
            DEFAULTS["basket"],
            DEFAULTS["email"],
            second,
            DEFAULTS["item"],
        ]
    assert (second.version, second.actor, second.reason) == (2, "ada", "A test.")
    assert second.created_at is not None
    assert revision(api) == before + 2


def test_an_outdated_change_is_refused(api: Engine) -> None:
    put(api, "home", shelf("for_you"))

    with pytest.raises(PlacementChangedError, match="Version 1 of placement 'home' is active"):
        put(api, "home", shelf("new"))
    with pytest.raises(PlacementChangedError):
        put(api, "checkout", shelf("new"), instead_of=1)


def test_a_placement_of_another_name_can_be_created(api: Engine) -> None:
    created = put(api, "checkout", shelf("again"))

    with shop.reading(api) as connection:
        assert store.history(connection, "checkout", limit=5) == [created]
        for name, version in (("nowhere", 1), ("checkout", 0), ("checkout", 2), ("home", 1)):
            with pytest.raises(UnknownPlacementError):
                store.version(connection, name, version)
        with pytest.raises(UnknownPlacementError):
            store.active(connection, "nowhere")


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(
    ("condition", "error", "message"),
    [
        ("price <", FilterRefusedError, r"body\.shelves\.1\.filter: at character"),
        ("weight == 3", UnknownAttributeError, r"body\.shelves\.1\.filter: at character 1"),
    ],
)
def test_a_filter_is_checked_when_it_is_set(
    api: Engine, condition: str, error: type[RequestRefusedError], message: str
) -> None:
    with pytest.raises(error, match=message):
        put(api, "home", shelf("for_you"), shelf("new", filter=condition))

    with shop.reading(api) as connection:
        assert store.active(connection, "home").version == 0


def test_there_are_at_most_so_many_placements(owner: Engine, api: Engine) -> None:
    fill = """
        insert into placements (name, version, shelves, actor, reason)
        select 'p' || n, 1, '[]', 'ada', 'A test.' from generate_series(1, :n) as n
    """
    with owner.begin() as connection:
        connection.execute(text(fill), {"n": MAX_PLACEMENTS - len(DEFAULTS) - 1})
    put(api, "last", shelf("new"))

    with pytest.raises(RequestRefusedError, match="100 placements"):
        put(api, "one_more", shelf("new"))
    put(api, "last", shelf("for_you"), instead_of=1)
    put(api, "home", shelf("for_you"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"limit": 51}, "less than or equal to 50"),
        ({"limit": 3, "minimum": 4}, "minimum is larger than the limit"),
        ({"title": "Like {item}"}, "needs the source similar or together"),
        ({"title": "In {category}"}, "needs the source popular_in_favourite_category"),
        ({"source": "popular"}, "for_you"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_shelf_that_does_not_fit_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        shelf(**{"source": "new"} | fields)


@pytest.mark.parametrize("n", [0, 9])
def test_a_placement_has_1_to_8_shelves(n: int) -> None:
    with pytest.raises(ValidationError):
        NewPlacement(shelves=(shelf("new"),) * n, instead_of=0, reason="A test.")

"""Programs killed at each fault point: what was done is whole, and doing it again works."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from faults import POINTS, VARIABLE, FaultInjectedError, faultpoint
from ops.settings import ROOT
from serving.catalogue_changes import changes
from serving.catalogue_changes.changes import Change
from serving.schemas import ItemContent
from serving.user_attributes import changes as attributes
from tests.conftest import schema_of
from tests.support import dying, invariants
from tests.support.serving import shop
from tests.support.serving.server import as_role
from warehouse.query import Lake
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    BRONZE_ITEM_CHANGES,
    BRONZE_LANDINGS,
    BRONZE_USER_CHANGES,
)


def address(engine: Engine, role: str) -> tuple[str, str]:
    """Return the URL of a role and the data set of the engine, as arguments of a program."""
    url = make_url(engine.url).render_as_string(hide_password=False)
    return as_role(url, role), schema_of(engine)


def collected_after_a_kill(owner: Engine, folder: Path, place: str) -> Lake:
    """Return the lake of a collection that is killed at the place, and then done again."""
    arguments = (*address(owner, "publisher"), str(folder / "lake"))
    dying.dies("collect", *arguments, at=place)
    dying.collects(*arguments)
    return Lake(str(folder / "lake"))


@pytest.fixture
def live(publisher: Engine) -> int:
    return shop.release(publisher, "one", instead_of=None)


@pytest.mark.parametrize("place", ["publish.after_copy", "publish.before_commit"])
def test_a_publication_that_is_killed_changes_nothing_and_the_next_one_is_whole(
    owner: Engine, live: int, place: str
) -> None:
    arguments = (*address(owner, "publisher"), str(live))

    dying.dies("publish", *arguments, at=place)
    assert invariants.assert_served(owner) == live
    dying.publish(*arguments)
    assert invariants.assert_served(owner) != live
    assert shop.rows(owner, "select count(*) from releases") == [(2,)]


def test_a_publication_that_is_killed_after_its_commit_is_not_repeated(
    owner: Engine, live: int
) -> None:
    arguments = (*address(owner, "publisher"), str(live))

    dying.dies("publish", *arguments, at="publish.after_commit")
    released = invariants.assert_served(owner)
    dying.publish(*arguments)

    assert invariants.assert_served(owner) == released != live
    assert shop.rows(owner, "select count(*) from releases") == [(2,)]


@pytest.mark.usefixtures("live")
def test_a_click_whose_program_dies_before_it_answers_is_stored_once_when_sent_again(
    owner: Engine,
) -> None:
    arguments = address(owner, "api")

    dying.dies("rate", *arguments, at="feedback.before_answer")
    for _ in range(2):
        dying.rate(*arguments)

    assert shop.rows(owner, "select count(*) from outbox") == [(1,)]
    assert shop.rows(owner, "select user_id, item_id, rating from feedback") == [("u", "a", 7.0)]


@pytest.mark.usefixtures("live")
def test_a_batch_whose_program_dies_is_not_stored_and_stored_once_when_sent_again(
    owner: Engine,
) -> None:
    arguments = address(owner, "api")

    dying.dies("send", *arguments, at="events.before_commit")
    for table in ("outbox", "feedback"):
        assert shop.rows(owner, f"select count(*) from {table}") == [(0,)]  # noqa: S608 # our name
    for _ in range(2):
        dying.send(*arguments)

    kinds = "select kind from outbox order by event_id"
    assert shop.rows(owner, kinds) == [("view",), ("purchase",), ("rate",)]
    assert shop.rows(owner, "select user_id, item_id, rating from feedback") == [("u", "a", 7.0)]


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "place", ["append.before_commit", "append.after_commit", "collect.before_cursor"]
)
def test_a_collection_that_is_killed_is_completed_by_the_next(
    owner: Engine, tmp_path: Path, place: str
) -> None:
    dying.rate(*address(owner, "api"))

    lake = collected_after_a_kill(owner, tmp_path, place)

    invariants.assert_collected(owner, lake.root)
    assert lake.n_rows(BRONZE_COLLECTIONS) == lake.n_rows(BRONZE_LANDINGS) == 1
    assert shop.rows(owner, "select n_events from outbox_cursor") == [(1,)]


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "place", ["append.before_commit", "append.after_commit", "collect.before_cursor_of_changes"]
)
def test_a_collection_of_items_that_is_killed_is_completed_by_the_next(
    owner: Engine, tmp_path: Path, place: str
) -> None:
    with owner.begin() as connection:
        changes.apply(connection, Change("z", ItemContent(title="New")), sent_by="test")

    lake = collected_after_a_kill(owner, tmp_path, place)

    assert lake.n_rows(BRONZE_ITEM_CHANGES) == lake.n_rows(BRONZE_LANDINGS) == 1
    assert shop.rows(owner, "select n_changes from item_changes_cursor") == [(1,)]


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "place", ["append.before_commit", "append.after_commit", "collect.before_cursor_of_changes"]
)
def test_a_collection_of_users_that_is_killed_is_completed_by_the_next(
    owner: Engine, tmp_path: Path, place: str
) -> None:
    with owner.begin() as connection:
        change = attributes.Change("u", {"sex": "F"})
        attributes.apply(connection, change, sent_by="test")

    lake = collected_after_a_kill(owner, tmp_path, place)

    assert lake.n_rows(BRONZE_USER_CHANGES) == lake.n_rows(BRONZE_LANDINGS) == 1
    assert shop.rows(owner, "select n_changes from user_attributes_cursor") == [(1,)]


def test_nothing_happens_at_a_place_that_nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    faultpoint("publish.after_copy")
    monkeypatch.setenv(VARIABLE, "publish.after_copy:raise")
    faultpoint("publish.before_commit")
    with pytest.raises(FaultInjectedError):
        faultpoint("publish.after_copy")


def test_every_point_is_in_the_code_once_and_the_code_has_no_other() -> None:
    found = [
        line.split('faultpoint("')[1].split('"')[0]
        for package in ("jobs", "serving", "warehouse")
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in path.read_text().splitlines()
        if 'faultpoint("' in line
    ]
    assert sorted(found) == sorted(POINTS)

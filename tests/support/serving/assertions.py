"""Compares what a shop answers and stores with the expected shop, one function each."""

import math
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from jobs import collect
from jobs.erasure.digests import digest
from serving import catalogue
from serving.lists import explanations, recommendations, shelves
from serving.lists.precomputed import ListRequest
from serving.lists.recommendations import RecommendationList
from serving.lists.releases import loading as release_loading
from serving.lists.releases.cache import ReleaseCache
from serving.placements import answers
from serving.placements.answers import PlacementRequest
from serving.publishing import loading
from serving.users.rated_items import rated_items
from tests.support.serving.expected_shop import PLACEMENT, ExpectedShop, feedback
from tests.support.serving.stand_in import COLD, KNOWN, collected
from warehouse.query import Lake
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    BRONZE_FEEDBACK,
    BRONZE_ITEM_CHANGES,
    BRONZE_USER_CHANGES,
)

close = partial(pytest.approx, rel=1e-3, abs=1e-4)  # scores are stored as float32
TABLES = (
    "activations", "live_release", "recommendations", "profiles", "item_factors", "content_weights",
    "similar_items", "taken_together", "fallback_lists", "releases", "about", "items",
    "verdicts", "outbox", "outbox_cursor", "feedback", "erasures", "user_tokens", "rules",
    "user_attributes", "user_attributes_cursor",
    "unavailable_items", "item_changes", "item_changes_cursor", "placements",
)  # fmt: skip
EMPTY_SLATE = (
    "update slate set revision = 0, version = 0, plain = true, depends_on_availability = false"
)


def empty(owning: Connection) -> None:
    """Empty a shop, as after its migration."""
    for table in TABLES:
        owning.execute(text(f"delete from {table}"))  # noqa: S608 # our own names
    owning.execute(text(EMPTY_SLATE))


def wait_for_others(reading: Connection, still_open: Connection | None) -> None:
    """Wait until no other transaction is open: every event is below `xmin`."""
    query = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    newest = text(
        "select coalesce(max(xact), 0) + 1"
        " from (select xact from outbox union all select xact from item_changes"
        " union all select xact from user_attributes) as sent"
    )
    own = text("select pg_current_xact_id()::text::bigint")
    until = reading.scalar(newest) if still_open is None else still_open.scalar(own)
    for _ in range(100_000):
        if (reading.scalar(query) or 0) >= (until or 0):
            return
    raise TimeoutError("another transaction stays open")


def assert_list(
    reading: Connection, cache: ReleaseCache, expected: ExpectedShop, user: str, limit: int
) -> None:
    """The list follows from the live release, the user's feedback and events, and the rules."""
    answer = recommendations.for_user(reading, cache, user, ListRequest(limit=limit))
    _assert_sound(answer, expected, user)
    shown = expected.shown(user, limit)
    assert [item.item_id for item in answer.items] == list(shown.scores)
    assert [item.score for item in answer.items] == close(list(shown.scores.values()))
    assert (answer.kind, answer.n_new_ratings) == (shown.kind, shown.n_new_ratings)
    assert answer.rules_version == expected.version or expected.rules.is_plain


def _assert_sound(answer: RecommendationList, expected: ExpectedShop, user: str) -> None:
    """Properties of every list."""
    ids = [item.item_id for item in answer.items]
    assert (answer.release_id, answer.recipe) == (expected.live_id, expected.live.fit.name)
    assert [item.rank for item in answer.items] == list(range(1, len(ids) + 1))
    assert len({*ids}) == len(ids)
    assert all(math.isfinite(item.score) for item in answer.items)
    assert all(item.title == expected.title(item.item_id) for item in answer.items)
    out = expected.ratings(user).keys() | expected.hidden(user) | expected.bought(user)
    assert not {*ids} & (out | expected.barred)
    pinned = {pin.item_id: pin.rank for pin in expected.rules.pin if pin.item_id in ids}
    for item, rank in pinned.items():
        position = ids.index(item)
        assert position + 1 == rank or pinned.keys() >= {*ids[position:]}  # no other item was left


def assert_explanation(
    reading: Connection, cache: ReleaseCache, expected: ExpectedShop, user: str, item: str
) -> None:
    """The explanation agrees with the list, and its terms add up to the score."""
    answer = explanations.explain(reading, cache, user, item)
    assert answer.release_id == expected.live_id
    assert answer.status == expected.status(user, item)
    shown = list(expected.shown(user, 100).scores)
    if answer.status == "listed":
        assert answer.rank == shown.index(item) + 1
    if answer.score is not None:
        assert sum(term.value for term in answer.terms) == close(answer.score)


def assert_ratings_page(
    reading: Connection, cache: ReleaseCache, expected: ExpectedShop, user: str
) -> None:
    """The page has the current ratings and hidden items."""
    page = rated_items(reading, cache, user, limit=100, offset=0)
    assert {item.item_id: item.rating for item in page.items} == expected.ratings(user)
    assert {item.item_id for item in page.hidden} == expected.hidden(user)
    times = [item.rated_at for item in page.items]
    assert times == sorted(times, reverse=True)
    assert page.total == len(page.items)


def assert_popular_shelf(reading: Connection, cache: ReleaseCache, expected: ExpectedShop) -> None:
    """The shelf has the items of the live release by popularity, without barred ones."""
    shelf = shelves.popular(reading, cache, category=None, limit=20)
    popularity = expected.live.fit.popularity
    ranked = sorted({*popularity} - expected.barred, key=lambda item: -popularity[item])
    assert shelf.release_id == expected.live_id
    assert [item.item_id for item in shelf.items] == ranked
    assert all(item.title == expected.title(item.item_id) for item in shelf.items)


def assert_placement(
    reading: Connection, cache: ReleaseCache, expected: ExpectedShop, user: str
) -> None:
    """The first shelf is the user's list; no item is on two shelves, or is not to be shown."""
    answer = answers.answer(reading, cache, PLACEMENT, PlacementRequest(user))
    versions = (answer.release_id, answer.version, answer.rules_version)
    assert versions == (expected.live_id, expected.placement.version, expected.version)
    ids = [item.item_id for shelf in answer.shelves for item in shelf.items]
    assert len(ids) == len({*ids})
    assert not {*ids} & (expected.hidden(user) | expected.barred)
    for shelf in answer.shelves:
        if shelf.source != "again":
            seen = expected.ratings(user).keys() | expected.bought(user)
            assert not {item.item_id for item in shelf.items} & seen
    first = expected.placement.shelves[0]
    assert first.source == "for_you"
    shown = list(expected.shown(user, first.limit).scores)
    of_user = [shelf for shelf in answer.shelves if shelf.source == "for_you"][:1]
    assert [item.item_id for shelf in of_user for item in shelf.items] == shown


def assert_catalogue(reading: Connection, expected: ExpectedShop) -> None:
    """The catalogue has each item that was not removed, and search finds its title."""
    page = catalogue.page(reading, q="", category=None, sort="title", limit=20, offset=0)
    titles = {item: expected.title(item) for item in KNOWN + COLD if item not in expected.removed}
    assert {item.item_id: item.title for item in page.items} == titles
    assert page.total == len(titles) == catalogue.about(reading).n_items
    for item in expected.titles.keys() & titles.keys():
        found = catalogue.page(reading, q=titles[item], category=None, limit=20, offset=0)
        assert item in {match.item_id for match in found.items}


def assert_outbox_and_feedback(owning: Connection, expected: ExpectedShop) -> None:
    """Each accepted event is stored once, and nothing of erased users.

    After an undo a row may also have the rating of a file, which the release knows.
    """
    rows = owning.execute(text("select user_id, item_id, rating, hidden from feedback"))
    undone = {(undo.receipt.user_id, undo.receipt.item_id) for undo in expected.undos}
    holds: dict[tuple[str, str], object] = {}
    for row in rows:
        pair = (row.user_id, row.item_id)
        holds[pair] = row.hidden if pair in undone else (row.rating, row.hidden)
    counted = feedback(expected.counted)
    wanted = {p: state[1] if p in undone else state for p, state in counted.items()}
    sets = owning.execute(
        text(
            "select array(select event_id from outbox) as events,"
            " array(select user_id from user_tokens) as tokens,"
            " array(select digest from erasures) as gone, current_schema() as dataset"
        )
    ).one()
    assert sorted(sets.events) == sorted(expected.sent_before(None))
    assert holds == dict.fromkeys(undone) | wanted
    assert {*sets.gone} == {digest(sets.dataset, user_id) for user_id in expected.erased}
    assert not expected.erased & {*sets.tokens}
    kept = owning.execute(text("select user_id, attributes from user_attributes"))
    assert {row.user_id: row.attributes for row in kept} == expected.attributes


def assert_live_release(owning: Connection, expected: ExpectedShop) -> None:
    """The live release is the one activated last, and the history has that activation."""
    row = owning.execute(
        text(
            "select release_id, publishing_paused_by is not null as is_paused,"
            " recipe, action, instead_of,"
            " array(select release_id from releases where retired_at is null order by 1) as kept"
            " from live_release join releases using (release_id) join activations"
            " using (release_id) order by activation_id desc limit 1"
        )
    ).one()
    assert (row.release_id, row.is_paused) == (expected.live_id, expected.is_paused)
    assert (row.action, row.release_id, row.instead_of) == expected.moves[-1]
    assert row.kept == [release.release_id for release in expected.releases if not release.retired]


def assert_release_contents(owning: Connection, expected: ExpectedShop) -> None:
    """The live release loads, and is what was published without erased users."""
    fit, gone, live = expected.live.fit, expected.erased, expected.live.release_id
    loaded = release_loading.load(owning, live)
    assert (loaded.ids, loaded.rows.tolist()) == (tuple(fit.popularity), fit.factors.tolist())
    lists, rated = (_stored(owning, table, live) for table in ("recommendations", "profiles"))
    assert lists == {user: list(items) for user, items in fit.lists.items() if user not in gone}
    assert rated == {user: list(items) for user, items in fit.profiles.items() if user not in gone}
    if not gone & fit.profiles.keys():
        stored = text("select checksum from releases where release_id = :release_id")
        checksum = loading.checksum(Session(owning), live)
        assert checksum == owning.scalar(stored, {"release_id": live})


def assert_bronze_item_changes(root: str, expected: ExpectedShop) -> None:
    """Bronze has each collected change of an item once."""
    assert Lake(root).exists(BRONZE_ITEM_CHANGES) == (expected.n_changes_in_lake > 0)
    if expected.n_changes_in_lake:
        ids = Lake(root).read(BRONZE_ITEM_CHANGES, columns=["change_id"])["change_id"].to_pylist()
        assert len(ids) == len({*ids}) == expected.n_changes_in_lake


def assert_bronze_user_changes(root: str, expected: ExpectedShop) -> None:
    """Bronze has what was collected of users' attributes once, as it was then."""
    n_rows = Lake(root).n_rows(BRONZE_USER_CHANGES) if expected.described_in_lake else 0
    assert n_rows == len(expected.described_in_lake)
    assert Lake(root).exists(BRONZE_USER_CHANGES) == (n_rows > 0)
    if n_rows:
        rows = sorted(Lake(root).rows(BRONZE_USER_CHANGES), key=lambda row: row["changed_at"])
        newest = {row["user_id"]: dict(row["attributes"]) for row in rows}
        for user, turn in expected.described_in_lake:
            if expected.described.get(user) == turn:
                assert newest[user] == expected.attributes[user]


def assert_bronze_feedback(root: str, reading: Connection, expected: ExpectedShop) -> None:
    """Bronze has each collected event once, and every reconciliation balances."""
    lake = Lake(root)
    if not expected.in_lake:
        assert not lake.exists(BRONZE_FEEDBACK)
        return
    ids = lake.read(BRONZE_FEEDBACK, columns=["event_id"])["event_id"].to_pylist()
    assert sorted(ids) == sorted(expected.in_lake)
    balances = lake.read(BRONZE_COLLECTIONS, columns=["n_outbox", "n_written"]).to_pylist()
    assert all(row["n_outbox"] == row["n_written"] for row in balances)
    assert sum(row["n_written"] for row in balances) == len(ids)
    moved = reading.execute(text("select until, n_events from outbox_cursor")).one()
    assert tuple(moved) == (collect.cursor(root), len(ids))
    in_bronze = collected(root)
    assert not in_bronze.keys() & {
        undo.receipt.undoes for undo in expected.undos if undo.receipt.event_id in expected.in_lake
    }
    for accepted in expected.accepted:
        event_id = accepted.receipt.event_id
        if event_id in in_bronze:
            assert in_bronze[event_id] == replace(accepted.event, idempotency_key=None)


def _stored(owning: Connection, table: str, release_id: int) -> dict[str, list[str]]:
    rows = owning.execute(
        text(f"select user_id, item_ids from {table} where release_id = :release_id"),  # noqa: S608 # our own names
        {"release_id": release_id},
    )
    return {row.user_id: row.item_ids for row in rows}

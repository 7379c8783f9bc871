"""What there is to see of a shop, held against `tests.support.serving.plain`: one look each."""

import math
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from jobs import collect
from serving.lists import explanations, loaded_release, recommendations, shelves
from serving.lists.precomputed import ListRequest
from serving.lists.rated_items import rated_items
from serving.lists.recommendations import RecommendationList
from serving.lists.release_cache import ReleaseCache
from serving.publishing import loading
from tests.support.serving.plain import Plain, feedback
from tests.support.serving.stand_in import collected
from warehouse.query import Lake
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK

close = partial(pytest.approx, rel=1e-3, abs=1e-4)  # what is stored is float32
EMPTIED = (
    "activations", "live_release", "recommendations", "profiles", "item_factors", "similar_items",
    "fallback_lists", "releases", "about", "items", "verdicts", "outbox", "outbox_cursor",
    "feedback", "erasures", "user_tokens", "rules", "unavailable_items",
)  # fmt: skip
PLAIN_SLATE = (
    "update slate set revision = 0, version = 0, plain = true, hide = '{}', only_available = false"
)


def empty(owning: Connection) -> None:
    """Leave a shop as its migration made it."""
    for table in EMPTIED:
        owning.execute(text(f"delete from {table}"))  # noqa: S608 # our own names
    owning.execute(text(PLAIN_SLATE))


def wait_for_others(reading: Connection, still_open: Connection | None) -> None:
    """Wait until Postgres' own housekeeping holds nothing back: every event is below `xmin`."""
    query = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    newest = text("select coalesce(max(xact), 0) + 1 from outbox")
    own = text("select pg_current_xact_id()::text::bigint")
    until = reading.scalar(newest) if still_open is None else still_open.scalar(own)
    for _ in range(100_000):
        if (reading.scalar(query) or 0) >= (until or 0):
            return
    raise TimeoutError("a transaction of somebody else stays open")


def his_list(reading: Connection, cache: ReleaseCache, plain: Plain, user: str, limit: int) -> None:
    """The list is the one that the live release, his feedback and the rules make."""
    answer = recommendations.for_user(reading, cache, user, ListRequest(limit=limit))
    is_sound(answer, plain, user)
    expected = plain.shown(user, limit)
    assert [item.item_id for item in answer.items] == list(expected.scores)
    assert [item.score for item in answer.items] == close(list(expected.scores.values()))
    assert (answer.kind, answer.n_new_ratings) == (expected.kind, expected.n_new_ratings)
    assert answer.rules_version == plain.version or plain.rules.is_plain


def is_sound(answer: RecommendationList, plain: Plain, user: str) -> None:
    """What holds of every list, whatever made it."""
    ids = [item.item_id for item in answer.items]
    assert (answer.release_id, answer.recipe) == (plain.live_id, plain.live.fit.name)
    assert [item.rank for item in answer.items] == list(range(1, len(ids) + 1))
    assert len({*ids}) == len(ids)
    assert all(math.isfinite(item.score) for item in answer.items)
    assert all(item.title == f"Title {item.item_id}" for item in answer.items)
    assert not {*ids} & (plain.ratings(user).keys() | plain.hidden(user) | plain.barred)
    pinned = {pin.item_id: pin.rank for pin in plain.rules.pin if pin.item_id in ids}
    for item, rank in pinned.items():
        place = ids.index(item)
        assert place + 1 == rank or pinned.keys() >= {*ids[place:]}  # nothing else was left


def why(reading: Connection, cache: ReleaseCache, plain: Plain, user: str, item: str) -> None:
    """The explanation says what the list says, and its parts make up the score."""
    answer = explanations.explain(reading, cache, user, item)
    assert answer.release_id == plain.live_id
    assert answer.status == plain.status(user, item)
    shown = list(plain.shown(user, 100).scores)
    if answer.status == "listed":
        assert answer.rank == shown.index(item) + 1
    if answer.score is not None:
        assert sum(term.value for term in answer.terms) == close(answer.score)


def his_ratings(reading: Connection, cache: ReleaseCache, plain: Plain, user: str) -> None:
    """The page has what he rated and hid, as it holds now."""
    page = rated_items(reading, cache, user, limit=100, offset=0)
    assert {item.item_id: item.rating for item in page.items} == plain.ratings(user)
    assert {item.item_id for item in page.hidden} == plain.hidden(user)
    times = [item.rated_at for item in page.items]
    assert times == sorted(times, reverse=True)
    assert page.total == len(page.items)


def the_shelf(reading: Connection, cache: ReleaseCache, plain: Plain) -> None:
    """What is popular is what the live release counted, without what is barred."""
    shelf = shelves.popular(reading, cache, category=None, limit=20)
    popularity = plain.live.fit.popularity
    expected = sorted({*popularity} - plain.barred, key=lambda item: -popularity[item])
    assert shelf.release_id == plain.live_id
    assert [item.item_id for item in shelf.items] == expected


def outbox_and_feedback(owning: Connection, plain: Plain) -> None:
    """Each acknowledged event is there once; nothing is there of who was forgotten."""
    rows = owning.execute(text("select user_id, item_id, rating, hidden from feedback"))
    holds = {(row.user_id, row.item_id): (row.rating, row.hidden) for row in rows}
    sets = owning.execute(
        text(
            "select array(select event_id from outbox) as events,"
            " array(select user_id from user_tokens) as tokens,"
            " array(select user_id from erasures) as gone"
        )
    ).one()
    assert sorted(sets.events) == sorted(one.receipt.event_id for one in plain.told)
    assert holds == feedback(plain.told)
    assert {*sets.gone} == plain.forgotten
    assert not plain.forgotten & {*sets.tokens}


def pointer(owning: Connection, plain: Plain) -> None:
    """The live release is the one that was last let live, and the history says so."""
    found = owning.execute(
        text(
            "select release_id, publishing_paused_by is not null as is_paused,"
            " recipe, action, instead_of,"
            " array(select release_id from releases where retired_at is null order by 1) as kept"
            " from live_release join releases using (release_id) join activations"
            " using (release_id) order by activation_id desc limit 1"
        )
    ).one()
    assert (found.release_id, found.is_paused) == (plain.live_id, plain.is_paused)
    assert (found.action, found.release_id, found.instead_of) == plain.moves[-1]
    assert found.kept == [each.release_id for each in plain.releases if not each.retired]


def live_lists(owning: Connection, plain: Plain) -> None:
    """The live release loads, and is what was published, but for who was forgotten."""
    fit, gone, live = plain.live.fit, plain.forgotten, plain.live.release_id
    loaded = loaded_release.load(owning, live)
    assert (loaded.ids, loaded.rows.tolist()) == (tuple(fit.popularity), fit.factors.tolist())
    lists, rated = (_stored(owning, table, live) for table in ("recommendations", "profiles"))
    assert lists == {user: list(found) for user, found in fit.lists.items() if user not in gone}
    assert rated == {user: list(found) for user, found in fit.profiles.items() if user not in gone}
    if not gone & fit.profiles.keys():
        stored = text("select checksum from releases where release_id = :release_id")
        found = loading.checksum(Session(owning), live)
        assert found == owning.scalar(stored, {"release_id": live})


def lake_holds(root: str, reading: Connection, plain: Plain) -> None:
    """Bronze has each collected event once, and every balance adds up."""
    lake = Lake(root)
    if not plain.in_lake:
        assert not lake.exists(BRONZE_FEEDBACK)
        return
    ids = lake.read(BRONZE_FEEDBACK, columns=["event_id"])["event_id"].to_pylist()
    assert sorted(ids) == sorted(plain.in_lake)
    balances = lake.read(BRONZE_COLLECTIONS, columns=["n_outbox", "n_written"]).to_pylist()
    assert all(row["n_outbox"] == row["n_written"] for row in balances)
    assert sum(row["n_written"] for row in balances) == len(ids)
    moved = reading.execute(text("select until, n_events from outbox_cursor")).one()
    assert tuple(moved) == (collect.cursor(root), len(ids))
    there = collected(root)
    for one in plain.told:
        if one.receipt.event_id in there:
            assert there[one.receipt.event_id] == replace(one.event, idempotency_key=None)


def _stored(owning: Connection, table: str, release_id: int) -> dict[str, list[str]]:
    found = owning.execute(
        text(f"select user_id, item_ids from {table} where release_id = :release_id"),  # noqa: S608 # our own names
        {"release_id": release_id},
    )
    return {row.user_id: row.item_ids for row in found}

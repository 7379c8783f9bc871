import math
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving import catalogue
from serving.errors import IncompleteReleaseError, LiveReleaseChangedError, PublishingPausedError
from serving.publishing import loading, releases
from serving.publishing.publish import publish
from serving.users import accounts
from tests.support.serving import shop
from tests.support.serving.shop import Rows, ids, rows, seen

Batches = dict[str, Iterator[pa.RecordBatch] | list[pa.RecordBatch]]


def test_a_published_fit_is_what_users_see(publisher: Engine) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)

    assert (ids(seen(publisher, "u")), seen(publisher, "u").kind) == ("ab", "batch")
    assert (ids(seen(publisher, "nobody")), seen(publisher, "nobody").kind) == ("dcb", "fallback")
    with Session(publisher) as session:
        [kept] = releases.kept(session)
        [activation] = shop.activations(session)
    assert (kept.release_id, kept.live, kept.n_users, kept.n_items) == (release_id, True, 2, 4)
    assert (activation.action, activation.actor, activation.instead_of) == (
        "publish",
        "one/publish",
        None,
    )


def test_an_erased_user_does_not_return_with_the_next_release(
    publisher: Engine, owner: Engine
) -> None:
    with owner.begin() as connection:
        accounts.erase(connection, "u", requested_by="u")

    shop.release(publisher, "one", instead_of=None)

    for table in ("recommendations", "profiles"):
        assert rows(owner, f"select user_id from {table}") == [("v",)]  # noqa: S608 # our names
    assert seen(publisher, "u").kind == "fallback"


def test_publishing_a_fit_again_changes_nothing(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)

    repeated = shop.release(publisher, "one", instead_of=None, recommendations=[])

    assert repeated == first
    with Session(publisher) as session:
        assert releases.live_id(session) == second
        assert len(shop.activations(session)) == 2


def test_nothing_is_published_until_publishing_is_resumed(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    with Session(publisher) as session, session.begin():
        releases.roll_back(session, actor="ann", reason="worse")

    with pytest.raises(PublishingPausedError, match="ann paused publishing"):
        shop.release(publisher, "three", instead_of=first)

    with Session(publisher) as session, session.begin():
        releases.resume_publishing(session, actor="ann")
    assert shop.release(publisher, "three", instead_of=first) > second


def test_a_fit_that_was_compared_with_another_release_is_not_published(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)

    with pytest.raises(LiveReleaseChangedError, match=f"release {first} is live, not None"):
        shop.release(publisher, "two", instead_of=None)

    assert seen(publisher).release_id == first


NOT_FINITE: Rows = [{"user_id": "u", "item_ids": ["a"], "scores": [math.nan]}]
NO_ID: Rows = [{"user_id": None, "item_ids": ["a"], "scores": [1.0]}]
UNEVEN: Rows = [{"user_id": "u", "item_ids": ["a", "b"], "scores": [1.0]}]
UNTITLED: Rows = [{"item_id": "a", "title": "", "categories": [], "vendor": None, "released": None}]
BROKEN: list[tuple[str, Rows, str]] = [
    ("recommendations", NOT_FINITE, "not finite"),
    ("recommendations", NO_ID, "a value is missing"),
    ("recommendations", UNEVEN, "ck_recommendations_same_length"),
    ("recommendations", shop.lists_of("user_id", u="aba"), "an item twice"),
    ("recommendations", shop.lists_of("user_id", u="a") * 2, "pk_recommendations"),
    ("recommendations", shop.lists_of("user_id", u="aXb"), "without a title, such as X"),
    ("similar_items", shop.lists_of("item_id", a="Z"), "without a title, such as Z"),
    ("taken_together", shop.lists_of("item_id", a="V"), "without a title, such as V"),
    ("fallback_lists", shop.lists_of("segment", everybody="Y"), "without a title, such as Y"),
    (
        "fallback_lists",
        shop.lists_of("segment", sex="a"),
        "the fallback list of all users is missing",
    ),
    ("items", UNTITLED, "a title or an id is missing"),
    ("items", shop.items(a="Twice") * 2, "staged_items_pkey"),
    ("items", [UNTITLED[0] | {"title": None}], "a title or an id"),
]


@pytest.mark.parametrize(
    ("table", "new_rows", "cause"), BROKEN, ids=[cause for *_, cause in BROKEN]
)
def test_a_broken_fit_is_refused_and_nothing_changes(
    publisher: Engine, table: str, new_rows: Rows, cause: str
) -> None:
    first = shop.release(publisher, "one", instead_of=None)

    with pytest.raises(IncompleteReleaseError, match=cause):
        shop.release(publisher, "two", instead_of=first, **{table: new_rows})

    assert (seen(publisher).release_id, ids(seen(publisher))) == (first, "ab")
    assert rows(publisher, "select count(*) from releases") == [(1,)]
    assert rows(publisher, "select title from items where item_id = 'a'") == [("Amélie",)]


def test_a_fit_with_fewer_rows_than_it_counted_is_refused(publisher: Engine) -> None:
    fit = replace(shop.FIT, counts={"recommendations": 3, "profiles": 2})

    with pytest.raises(IncompleteReleaseError, match="recommendations: 2 of 3 rows"):
        publish(publisher, fit, shop.tables(), actor="x", reason="y", instead_of=None)


def test_an_error_of_the_batches_is_raised_unchanged(publisher: Engine) -> None:
    def fail() -> None:
        raise LookupError("the lake is unavailable")

    batches: Batches = dict(shop.tables())
    batches["profiles"] = shop.slowly(shop.tables()["profiles"], fail)

    with pytest.raises(LookupError, match="the lake is unavailable"):
        publish(publisher, shop.FIT, batches, actor="x", reason="y", instead_of=None)


def test_a_release_updates_the_catalogue_and_keeps_the_items_of_older_lists(
    publisher: Engine,
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    version = "select item_id, xmin::text from items"
    before = set(rows(publisher, version))
    changed = shop.items(**shop.TITLES | {"b": "Schindler's Ark"})
    without_d = [row for row in changed if row["item_id"] != "d"]

    shop.release(publisher, "two", instead_of=first, items=without_d)

    written = set(rows(publisher, version)) - before
    assert [item_id for item_id, _ in written] == ["b"]
    with shop.reading(publisher) as connection:
        assert catalogue.item(connection, "d").title == shop.TITLES["d"]
        assert catalogue.item(connection, "b").title == "Schindler's Ark"
        about = catalogue.about(connection)
    assert (about.categories, about.n_items) == (("Drama", "a", "b", "c", "d"), 4)


def test_the_checksum_changes_with_the_stored_lists(publisher: Engine, owner: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    changed = shop.lists_of("user_id", u="ba", v="c")
    third = shop.release(publisher, "three", instead_of=second, recommendations=changed)

    stored = [c for (c,) in rows(owner, "select checksum from releases order by release_id")]
    assert stored[0] == stored[1]
    assert stored[1] != stored[2]
    with Session(owner) as session, session.begin():
        assert loading.checksum(session, third) == stored[2]
        session.execute(text("update recommendations set scores[1] = 0.25 where user_id = 'v'"))
        assert loading.checksum(session, third) != stored[2]


def test_a_new_release_is_analysed_before_it_goes_live(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)

    statistics = "select reltuples from pg_class where oid = 'recommendations'::regclass"
    assert rows(publisher, statistics) == [(2.0,)]

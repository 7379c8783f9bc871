import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.publishing import releases, retention
from serving.tables import LISTS
from tests.support.serving import shop
from tests.support.serving.shop import ids, rows, seen


def test_the_newest_five_releases_are_kept_and_older_lists_are_deleted(publisher: Engine) -> None:
    mean = {"kind": "mean", "feature": "", "centre": 0.0, "deviation": 1.0, "weights": [1.0, 0.0]}
    release_ids = [shop.release(publisher, "0", instead_of=None, content_weights=[mean])]
    release_ids += [
        shop.release(publisher, str(n), instead_of=release_ids[0] + n - 1, content_weights=[mean])
        for n in range(1, 7)
    ]

    with Session(publisher) as session:
        kept = [release.release_id for release in releases.kept(session)]
    assert kept == release_ids[:1:-1]
    for table in LISTS:
        stored = rows(publisher, f"select distinct release_id from {table}")  # noqa: S608 # our own names
        assert sorted(stored) == [(release_id,) for release_id in kept[::-1]], table
    assert len(rows(publisher, "select from activations")) == 7


def test_the_live_release_is_never_deleted(publisher: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    shop.release(publisher, "two", instead_of=first)
    third = shop.release(publisher, "three", instead_of=first + 1)
    with Session(publisher) as session, session.begin():
        releases.activate(session, first, instead_of=third, actor="ann", reason="the best")

    retention.keep_newest(publisher, 1)

    assert ids(seen(publisher)) == "ab"
    with Session(publisher) as session:
        assert [r.release_id for r in releases.kept(session)] == [third, first]


def test_the_next_publication_finishes_a_deletion_that_crashed(
    publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    first = shop.release(publisher, "one", instead_of=None)
    second = shop.release(publisher, "two", instead_of=first)
    with publisher.begin() as connection:
        retire = text("update releases set retired_at = now() where release_id = :id")
        connection.execute(retire, {"id": first})

    shop.release(publisher, "two", instead_of=second)

    remaining = "select count(*) from recommendations where release_id ="
    assert rows(publisher, f"{remaining} {first}") == [(0,)]
    assert rows(publisher, f"{remaining} {second}") == [(2,)]
    purged = "select release_id from releases where purged_at is not null"
    assert rows(publisher, purged) == [(first,)]

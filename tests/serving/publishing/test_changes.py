"""What changed in users' lists from one release to another."""

import pytest
from sqlalchemy import Engine

from serving.errors import ReleaseNotReadyError
from serving.publishing import changes, retention
from tests.support.serving import shop


def test_changed_lists_are_counted_and_shown_with_titles(publisher: Engine, api: Engine) -> None:
    before = shop.release(publisher, "one", instead_of=None)  # u: a b, v: c
    changed = shop.lists_of("user_id", u="da", v="c", w="a")
    after = shop.release(publisher, "two", instead_of=before, recommendations=changed)

    with api.connect() as connection:
        found = changes.between(connection, after, since=before)

    assert (found.n_users, found.changed_share, found.mean_new_items) == (2, 0.5, 0.5)
    assert (found.n_came, found.n_went) == (1, 1)
    assert found.overlap == pytest.approx((0.45 + 1) / 2)  # of "a b" and "d a", and of equal lists
    assert [(item.item_id, item.before, item.after) for item in found.gained] == [("d", 0, 0.5)]
    assert [(item.title, item.before, item.after) for item in found.lost] == [
        ("Schindler's List", 0.5, 0)
    ]
    [example] = found.examples
    assert (example.user_id, example.before, example.after) == (
        "u",
        ("Amélie", "Schindler's List"),
        ("2001: A Space Odyssey", "Amélie"),
    )


def test_another_order_is_no_change(publisher: Engine, api: Engine) -> None:
    before = shop.release(publisher, "one", instead_of=None)
    changed = shop.lists_of("user_id", u="ba", v="c")
    after = shop.release(publisher, "two", instead_of=before, recommendations=changed)

    with api.connect() as connection:
        found = changes.between(connection, after, since=before)

    assert (found.changed_share, found.gained, found.lost, found.examples) == (0, (), (), ())
    assert found.overlap == pytest.approx((0.9 + 1) / 2)  # the order counts
    assert found.persistence == 0.9


def test_releases_without_a_common_user_have_no_changes(publisher: Engine, api: Engine) -> None:
    before = shop.release(publisher, "one", instead_of=None)
    others = shop.lists_of("user_id", x="a")
    after = shop.release(publisher, "two", instead_of=before, recommendations=others)

    with api.connect() as connection:
        found = changes.between(connection, after, since=before)

    assert (found.n_users, found.changed_share, found.n_came) == (0, 0, 0)


def test_a_large_release_is_sampled(
    publisher: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.release(publisher, "one", instead_of=None)
    after = shop.release(publisher, "two", instead_of=before)
    monkeypatch.setattr(changes, "MAX_USERS", 1)

    with api.connect() as connection:
        assert changes.between(connection, after, since=before).n_users == 1


def test_a_deleted_release_cannot_be_compared(publisher: Engine, api: Engine) -> None:
    before = shop.release(publisher, "one", instead_of=None)
    after = shop.release(publisher, "two", instead_of=before)
    retention.keep_newest(publisher, 1)

    with (
        api.connect() as connection,
        pytest.raises(ReleaseNotReadyError, match=f"Release {before}"),
    ):
        changes.between(connection, after, since=before)

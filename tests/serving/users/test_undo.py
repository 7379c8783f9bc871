"""An undo puts back exactly what the event replaced."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from serving.client import Client
from serving.errors import FeedbackChangedError, UnknownEventError, UserErasedError
from serving.lists import user_state
from serving.lists.precomputed import ListRequest
from serving.lists.recommendations import for_user
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import FeedbackState, RatingsPage, Receipt, SentKind, UndoReceipt
from serving.users import accounts, feedback, undo
from serving.users.feedback import Event
from serving.users.rated_items import rated_items
from tests.support.serving import live_shop, shop

USERS, ITEMS = ("fan", "lover", "n-1"), ("f1", "f3", "o1", live_shop.COLD)
HOUR = timedelta(hours=1)
Sent = tuple[SentKind, float | None, str, str, datetime | None]

# before and after the profiles' ratings, some at equal times, some at the time of arrival
times = st.none() | st.integers(-2, 5).map(lambda hours: shop.RATED_AT + hours * HOUR)
kinds: st.SearchStrategy[tuple[SentKind, float | None]] = st.one_of(
    st.tuples(st.just("rate"), st.integers(1, 5).map(float)),
    st.tuples(st.sampled_from(["unrate", "hide", "not_interested"]), st.none()),
)
events: st.SearchStrategy[Sent] = st.tuples(
    kinds, st.sampled_from(USERS), st.sampled_from(ITEMS), times
).map(lambda drawn: (*drawn[0], *drawn[1:]))


def send(connection: Connection, sent: Sent, key: str | None = None) -> Receipt:
    kind, rating, user, item, at = sent
    event = Event(kind, user, item, rating, at, key)
    return feedback.accept(connection, event, sent_by="test")


def take_back(connection: Connection, receipt: Receipt) -> UndoReceipt:
    return undo.undo(connection, receipt.user_id, receipt.event_id, sent_by="test")


@dataclass(frozen=True)
class Seen:
    """What depends on a user's feedback: their ratings, hidden items and list."""

    page: RatingsPage
    rated: user_state.Rated
    hidden: frozenset[str]
    n_new_ratings: int
    listed: Any

    @classmethod
    def by(cls, connection: Connection, release_id: int, user: str) -> "Seen":
        cache = ReleaseCache()
        state = user_state.read(connection, release_id, user)
        page = rated_items(connection, cache, user, limit=100, offset=0)
        answer = for_user(connection, cache, user, ListRequest(limit=20, explain=True))
        listed = (answer.kind, [(x.item_id, x.score, x.reason) for x in answer.items])
        return cls(page, state.rated, state.hidden, state.n_new_ratings, listed)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(history=st.lists(events, max_size=8), last=events)
def test_after_an_event_and_its_undo_the_user_sees_what_they_saw_before(
    shared_shop: tuple[Engine, int], history: list[Sent], last: Sent
) -> None:
    engine, release_id = shared_shop
    with engine.connect() as connection, connection.begin() as transaction:
        for sent in history:
            send(connection, sent)
        before = {user: Seen.by(connection, release_id, user) for user in USERS}
        receipt = send(connection, last, "k")
        assert receipt.previous is not None
        rated, item = before[last[2]].rated.get(last[3]), last[3]
        assert receipt.previous.rating == (rated[0] if rated else None)
        assert (receipt.previous.hidden is not None) == (item in before[last[2]].hidden)

        undone = take_back(connection, receipt)
        again = take_back(connection, receipt)

        assert {user: Seen.by(connection, release_id, user) for user in USERS} == before
        assert (undone.status, undone.current) == ("accepted", receipt.previous)
        assert again == undone.model_copy(update={"status": "repeated"})
        assert send(connection, last, "k").status == "repeated"  # a late retry writes nothing
        assert {user: Seen.by(connection, release_id, user) for user in USERS} == before
        transaction.rollback()


@pytest.fixture
def shared_shop(publisher: Engine, owner: Engine) -> tuple[Engine, int]:
    """The live shop, to which examples do not commit, and the id of its release."""
    return owner, live_shop.release(publisher)


@pytest.mark.usefixtures("shared_shop")
def test_only_the_newest_event_of_an_item_can_be_undone(owner: Engine) -> None:
    with owner.begin() as connection:
        first = send(connection, ("rate", 2.0, "fan", "f1", None))
        second = send(connection, ("rate", 3.0, "fan", "f1", None))
        send(connection, ("rate", 3.0, "fan", "o1", None))  # another item
        send(connection, ("rate", 3.0, "lover", "f1", None))  # another user

    with (
        pytest.raises(FeedbackChangedError, match="is not the newest"),
        owner.begin() as connection,
    ):
        take_back(connection, first)

    stored = "select rating from feedback where (user_id, item_id) = ('fan', 'f1')"
    assert shop.rows(owner, stored) == [(3,)]
    assert shop.rows(owner, "select * from outbox where kind = 'undo'") == []
    with owner.begin() as connection:
        assert take_back(connection, second).current.rating == 2
    with pytest.raises(FeedbackChangedError), owner.begin() as connection:
        take_back(connection, first)  # what it replaced is no longer known


def test_an_event_that_the_next_release_has_learned_is_undone_as_well(
    publisher: Engine, shared_shop: tuple[Engine, int]
) -> None:
    owner, first = shared_shop
    at = shop.RATED_AT + HOUR
    with owner.begin() as connection:
        changed = send(connection, ("rate", 1.0, "fan", "f1", at))
        added = send(connection, ("rate", 5.0, "fan", "f3", at))
        removed = send(connection, ("unrate", None, "fan", "o1", at))
    learned = live_shop.release(publisher, "two", instead_of=first)
    with owner.begin() as connection:  # as `fit` writes it: 5, then 4 at `RATED_AT`
        connection.execute(
            text(
                "update profiles set item_ids = '{f1,f3,f2}', ratings = '{1,5,4}',"
                " rated_at = array[:at, :at, :before]::timestamptz[]"
                " where release_id = :learned and user_id = 'fan'"
            ),
            {"at": at, "before": shop.RATED_AT, "learned": learned},
        )

    with owner.begin() as connection:
        for receipt in (changed, added, removed):
            take_back(connection, receipt)
        state = user_state.read(connection, learned, "fan")

    micros = int(shop.RATED_AT.timestamp() * 1_000_000)
    assert state.rated == {"f1": (5.0, micros), "f2": (4.0, micros), "o1": (1.0, micros)}
    assert state.n_new_ratings == 3  # the release will unlearn them


@pytest.mark.usefixtures("shared_shop")
def test_an_event_that_arrives_late_is_ordered_as_if_the_undone_one_had_not_been_sent(
    owner: Engine,
) -> None:
    with owner.begin() as connection:
        take_back(connection, send(connection, ("rate", 1.0, "n-1", "f1", None)))
        send(connection, ("rate", 4.0, "n-1", "f1", shop.RATED_AT))

    assert shop.rows(owner, "select rating, rated_at from feedback where user_id = 'n-1'") == [
        (4, shop.RATED_AT)
    ]


@pytest.mark.usefixtures("shared_shop")
def test_what_is_no_event_of_the_user_cannot_be_undone(owner: Engine) -> None:
    with owner.begin() as connection:
        receipt = send(connection, ("hide", None, "fan", "f1", None))
        undone = take_back(connection, send(connection, ("hide", None, "fan", "f3", None)))

    for user_id, event_id in (
        ("lover", receipt.event_id),
        ("fan", "nothing"),
        ("fan", undone.event_id),
    ):
        with pytest.raises(UnknownEventError), owner.begin() as connection:
            undo.undo(connection, user_id, event_id, sent_by="test")

    with owner.begin() as connection:
        accounts.erase(connection, "fan", requested_by="test")
    with pytest.raises(UserErasedError), owner.begin() as connection:
        take_back(connection, receipt)


@pytest.mark.usefixtures("shared_shop")
def test_a_product_undoes_with_the_id_of_the_receipt(product: Client, owner: Engine) -> None:
    product.rate("n-1", "f1", 3.0)
    hidden = product.hide("n-1", "f1")

    with ThreadPoolExecutor(8) as clicks:
        undone = list(clicks.map(lambda _: product.undo("n-1", hidden.event_id), range(16)))

    assert sorted(x.status for x in undone) == ["accepted", *["repeated"] * 15]
    assert {x.current.model_dump_json() for x in undone} == {
        FeedbackState.model_validate(hidden.previous).model_dump_json()
    }
    assert shop.rows(owner, "select kind, undoes from outbox order by xact")[1:] == [
        ("hide", None), ("undo", hidden.event_id),
    ]  # fmt: skip
    with pytest.raises(UnknownEventError):
        product.undo("n-2", hidden.event_id)

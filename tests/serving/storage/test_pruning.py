"""Records are deleted at the end of their retention, and not before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from serving.client import Client
from serving.schemas import NewEvent
from serving.storage import pruning
from serving.storage.pruning import Kind
from serving.users.outbox import OUTBOX
from tests.support.serving import shop

NOW = datetime.now(UTC)
MONTH_AGO = NOW - timedelta(days=30)

Prune = Callable[[], dict[Kind, int]]


@pytest.fixture
def prune(publisher: Engine) -> Prune:
    """A function that deletes everything of this kind older than a month."""
    before = {f"{name}_before": MONTH_AGO for name in ("events", "users", "audit", "lists")}
    return lambda: {
        kind: deleted.n_rows for kind, deleted in pruning.prune(publisher, **before).items()
    }


@pytest.fixture
def shop_with_events(publisher: Engine, product: Client, owner: Engine) -> None:
    """A release, one old event and one new one, both not collected."""
    shop.release(publisher, "one", instead_of=None)
    product.rate("u", "a", 7, idempotency_key="old")
    with owner.begin() as connection:
        connection.execute(
            text("update outbox set received_at = :at"), {"at": MONTH_AGO - timedelta(days=1)}
        )
    product.rate("u", "b", 7, idempotency_key="new")


def collect(publisher: Engine) -> None:
    """Note all events as collected."""
    with publisher.connect() as connection:
        until = connection.scalar(text("select max(xact) + 1 from outbox"))
    OUTBOX.move_cursor(publisher, until=until or 0, n_rows=2)


@pytest.mark.usefixtures("shop_with_events")
def test_only_old_events_that_were_collected_are_deleted(
    publisher: Engine, product: Client, prune: Prune
) -> None:
    assert prune()["events"] == 0  # neither was collected

    collect(publisher)

    assert prune()["events"] == 1
    assert shop.rows(publisher, "select idempotency_key from outbox") == [("new",)]
    assert product.outbox().n_events == 2  # those that were collected are still counted
    assert product.rate("u", "b", 7, idempotency_key="new").status == "repeated"
    assert prune()["events"] == 0


@pytest.mark.usefixtures("shop_with_events")
def test_feedback_outlives_its_event(publisher: Engine, product: Client, prune: Prune) -> None:
    collect(publisher)
    prune()

    assert {item.item_id for item in product.ratings("u").items} >= {"a", "b"}


@pytest.mark.usefixtures("shop_with_events")
def test_users_without_an_event_are_deleted_after_a_time(
    owner: Engine, product: Client, prune: Prune
) -> None:
    active, described, _, new = (product.create_user().user_id for _ in range(4))
    product.rate(active, "a", 7)
    product.put_attributes(described, {"age": "old"})
    with owner.begin() as connection:
        connection.execute(
            text("update user_tokens set created_at = :at where user_id <> :new"),
            {"at": MONTH_AGO - timedelta(days=1), "new": new},
        )

    assert prune()["unused_users"] == 1

    kept = {row[0] for row in shop.rows(owner, "select user_id from user_tokens")}
    assert kept == {active, described, new}


@pytest.mark.usefixtures("shop_with_events")
def test_a_user_whose_events_were_pruned_keeps_the_token(
    owner: Engine, publisher: Engine, product: Client, prune: Prune
) -> None:
    """Before, users whose events were in the lake alone could not export or erase their data."""
    user = product.create_user()
    product.send_events([NewEvent(kind="view", user_id=user.user_id, item_id="a")])
    collect(publisher)
    with owner.begin() as connection:
        values = {"at": MONTH_AGO - timedelta(days=1)}
        connection.execute(text("update user_tokens set created_at = :at"), values)
        connection.execute(text("update outbox set received_at = :at"), values)
        connection.execute(text("update releases set outbox_until = 9223372036854775807"))

    assert prune()["events"] == 3
    assert prune()["unused_users"] == 0
    assert product.erase(user.user_id, token=user.token).n_events == 0


@pytest.mark.usefixtures("shop_with_events")
def test_old_entries_of_the_audit_are_deleted_in_small_transactions(
    owner: Engine, prune: Prune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 2)
    with owner.begin() as connection:
        connection.execute(
            text(
                "insert into audit (acted_at, actor, action, target, reason, outcome)"
                " select :at, 'ada', 'pause', 'publishing', '', 'done' from generate_series(1, 5)"
            ),
            {"at": MONTH_AGO - timedelta(seconds=1)},
        )

    assert prune()["audit_entries"] == 5

    assert shop.rows(owner, "select action from audit") == [("publish",)]

"""When a process reads the slate rules and the user's state."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine

from serving.client import Client
from serving.filters.columns import Columns
from serving.lists import outcomes, recommendations, user_state
from serving.lists.building import ListBuilder
from serving.lists.precomputed import ListRequest, precomputed_list
from serving.lists.releases.cache import ReleaseCache
from serving.lists.user_state import UserState
from serving.rules import store
from serving.rules.slate import Slate
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import ids
from tests.support.serving.rules import activate_rules


@pytest.mark.usefixtures("released")
def test_without_rules_a_list_is_looked_up_without_the_users_state(
    publisher: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = user_state.read, list[str]()

    def counted(connection: Connection, release_id: int, user_id: str) -> UserState:
        reads.append(user_id)
        return read(connection, release_id, user_id)

    monkeypatch.setattr(user_state, "read", counted)
    with shop.reading(publisher) as connection:
        for n_reads in (0, 1):
            recommendations.for_user(connection, ReleaseCache(), "fan", ListRequest())
            assert reads == ["fan"] * n_reads
            activate_rules(api, hide=["f1"])


@pytest.mark.usefixtures("released")
def test_a_process_reads_rules_once_for_each_revision(
    publisher: Engine, api: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = store.slate

    def counted(
        connection: Connection, release_id: int | None, judged: Callable[[], Columns]
    ) -> tuple[int, Slate]:
        revision, slate = read(connection, release_id, judged)
        reads.append(revision)
        return revision, slate

    monkeypatch.setattr(store, "slate", counted)
    cache = ReleaseCache()
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(3):
            activate_rules(api, hide=["f1"])
            for user_id in ("fan", "lover", "nobody", "fan"):
                recommendations.for_user(connection, cache, user_id, ListRequest())

    assert reads == [1, 2, 3]


@pytest.mark.usefixtures("wide")
def test_a_short_list_has_all_its_items_even_if_rules_change_while_it_is_read(
    publisher: Engine, api: Engine, client: Client
) -> None:
    request, cache = ListRequest(limit=5, explain=True), ReleaseCache()
    with shop.reading(publisher) as connection:
        precomputed = precomputed_list(connection, cache, "p", request)
        state = user_state.read(connection, precomputed.live.release.release_id, "p")
    activate_rules(api, hide=[precomputed.item_ids[1]], diversity=0.3)

    with shop.reading(publisher) as connection:
        builder = ListBuilder(*cache.live(connection), state, request)
    outcome = outcomes.rebuilt(precomputed, builder)

    assert isinstance(outcome, outcomes.ComputedOnline)
    listed = builder.listed(builder.pool())
    later = client.recommendations("p", limit=5)
    assert [item.item_id for item in listed] == ids(later)
    assert len(later.items) == 5


def test_rules_of_a_restored_database_are_read_again(
    publisher: Engine, owner: Engine, api: Engine
) -> None:
    live_shop.release(publisher)
    cache = ReleaseCache()
    activate_rules(api, hide=["f3"])
    with shop.reading(publisher) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        activate_rules(api, hide=["f4"])
        assert ids(recommendations.for_user(connection, cache, "fan", ListRequest())) == ["f3"]
        with owner.begin() as restoring:
            restoring.exec_driver_sql("update slate set revision = 1, version = 1")
        assert ids(recommendations.for_user(connection, cache, "fan", ListRequest())) == ["f4"]

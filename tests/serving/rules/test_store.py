"""Rules in Postgres: their versions, the stock, and simultaneous changes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from threading import Barrier

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from serving.errors import (
    FilterRefusedError,
    NoReleaseError,
    RulesChangedError,
    UnknownAttributeError,
    UnknownCategoryError,
)
from serving.items import CatalogueItem
from serving.publishing.publish import publish
from serving.rules import store
from serving.schemas import NewRules, RulesVersion, SlateRules
from serving.storage import database
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.rules import activate_rules, in_stock, out_of_stock, revision, slate
from tests.support.serving.server import as_role

HIDE_A = SlateRules(hide=("a",))
FULL = SlateRules.model_validate(
    {
        "hide": ["a", "ü'; --", "📚"],
        "pin": [{"item_id": "b", "rank": 2}],
        "boost": [{"category": "Drama", "by": -0.25}],
        "most_per_category": 3,
        "most_per_vendor": 1,
        "only_available": True,
        "diversity": 0.3,
    }
)


@pytest.fixture
def released(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)


def test_before_the_first_rules_version_0_changes_nothing(api: Engine) -> None:
    with api.connect() as connection:
        assert store.active(connection) == RulesVersion(version=0, rules=SlateRules())
        assert store.history(connection, limit=10) == []
        assert not slate(connection)[1].reorders


def test_each_change_is_a_version_with_an_actor_and_a_reason(api: Engine) -> None:
    first = activate_rules(api, "ada", "festival week", **FULL.model_dump())
    second = activate_rules(api, "bo", "festival is over")

    with api.connect() as connection:
        assert store.active(connection) == second
        assert store.history(connection, limit=10) == [second, first]
        assert store.history(connection, limit=1) == [second]
    assert (first.version, first.actor, first.reason) == (1, "ada", "festival week")
    assert (first.rules, second.rules) == (FULL, SlateRules())
    assert first.created_at is not None
    assert second.created_at is not None
    assert second.created_at > first.created_at


def test_rules_for_an_outdated_version_are_rejected(api: Engine) -> None:
    activate_rules(api, hide=["b"])

    with (
        api.begin() as connection,
        pytest.raises(RulesChangedError, match="Version 1 of the rules is active, not 0"),
    ):
        store.replace(connection, NewRules(rules=HIDE_A, instead_of=0, reason="x"), actor="bo")

    with api.connect() as connection:
        assert [version.rules.hide for version in store.history(connection, limit=9)] == [("b",)]


def test_of_simultaneous_changes_one_wins_and_the_others_fail(api: Engine) -> None:
    barrier = Barrier(4)
    new = NewRules(rules=HIDE_A, instead_of=0, reason="x")

    def race(name: str) -> str | None:
        barrier.wait(timeout=10)
        try:
            with api.begin() as connection:
                return store.replace(connection, new, actor=name).actor
        except RulesChangedError:
            return None

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(race, ["ada", "bo", "cy", "di"]))

    [winner] = [name for name in outcomes if name]
    with api.connect() as connection:
        assert [version.actor for version in store.history(connection, limit=9)] == [winner]


def test_uncommitted_rules_are_not_active(api: Engine) -> None:
    with api.connect() as connection:
        store.replace(connection, NewRules(rules=HIDE_A, instead_of=0, reason="x"), actor="ada")
        connection.rollback()

    with api.connect() as connection:
        assert store.active(connection).version == 0
    assert revision(api) == 0


def test_the_slate_row_follows_the_active_rules(owner: Engine, api: Engine) -> None:
    active = "select version, plain, depends_on_availability from slate"
    assert shop.rows(owner, active) == [(0, True, False)]

    activate_rules(api, **FULL.model_dump())
    assert shop.rows(owner, active) == [(1, False, True)]
    activate_rules(api)
    assert shop.rows(owner, active) == [(2, True, False)]


def test_a_second_slate_row_is_rejected(owner: Engine) -> None:
    with owner.begin() as connection, pytest.raises(IntegrityError):
        connection.exec_driver_sql("insert into slate values (true, 0, 0, true, false)")


def test_compiled_rules_have_barred_items_and_the_pins_of_the_catalogue(
    publisher: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    out_of_stock(api, "c")
    pins = [{"item_id": name, "rank": rank} for rank, name in enumerate(["b", "c", "nowhere"], 1)]

    activate_rules(api, hide=["a"], pin=pins, only_available=True)
    with api.connect() as connection:
        _, compiled = slate(connection)

    assert (compiled.version, sorted(compiled.barred)) == (1, ["a", "c"])
    assert {rank: pin.title for rank, pin in compiled.pinned.items()} == {1: shop.TITLES["b"]}


@pytest.mark.usefixtures("released")
def test_a_filter_keeps_items_out_and_one_that_is_not_valid_is_refused(api: Engine) -> None:
    old, new = (CatalogueItem(i, i, (), None, year) for i, year in (("old", 1950), ("new", 2000)))

    activate_rules(api, keep_if="released >= 1990")
    with pytest.raises(UnknownAttributeError, match=r"^body\.rules\.keep_if: at character 1: "):
        activate_rules(api, keep_if="colour == 'red'")
    with pytest.raises(UnknownCategoryError, match=r"^body\.rules\.keep_if: "):
        activate_rules(api, keep_if="category == 'Gone'")
    with pytest.raises(FilterRefusedError, match=r"^body\.rules\.keep_if: "):
        activate_rules(api, keep_if="released")

    with api.connect() as connection:
        revision, compiled = slate(connection, [old, new])
    assert (revision, compiled.version) == (1, 1)
    assert compiled.kept_out == compiled.barred == {"old"}


@pytest.mark.usefixtures("released")
def test_of_an_attribute_that_a_release_dropped_no_item_has_a_value(
    owner: Engine, api: Engine
) -> None:
    item = CatalogueItem("a", "A", ("film",), None, 2000)
    for keep_if, is_kept in (
        ("price < 20", False),
        ("price != 20", True),
        ("price not in (20, 30) and released == 2000", True),
        ("not category in ('film')", False),
        ("category != 'gone'", True),
    ):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                """update about set attributes = '{"price": "number"}', """
                "categories = array['film', 'gone']"
            )
        activate_rules(api, keep_if=keep_if)
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update about set attributes = '{}', categories = array['film']"
            )

        with api.connect() as connection:
            assert (slate(connection, [item])[1].kept_out == set()) is is_kept, keep_if


def test_a_filter_before_the_first_release_is_refused(api: Engine) -> None:
    with pytest.raises(NoReleaseError):
        activate_rules(api, keep_if="released >= 1990")


def test_a_change_of_stock_counts_the_items_that_changed(publisher: Engine, api: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)

    assert out_of_stock(api, "a", "b", "a", "unknown") == 2
    assert out_of_stock(api, "a", "c") == 1
    assert in_stock(api, "a", "d") == 1
    assert shop.rows(api, "select item_id from unavailable_items order by 1") == [("b",), ("c",)]


def test_the_revision_grows_only_with_changes_that_affect_lists(
    publisher: Engine, api: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    revisions = [revision(api)]
    for change in (
        lambda: activate_rules(api, hide=["a"]),
        lambda: out_of_stock(api, "b"),  # no rule uses the stock
        lambda: activate_rules(api, only_available=True),
        lambda: out_of_stock(api, "c"),
        lambda: out_of_stock(api, "c"),  # no change
        lambda: in_stock(api, "c"),
        lambda: activate_rules(api, keep_if="available or released >= 1990"),
        lambda: out_of_stock(api, "c"),
        lambda: activate_rules(api),
    ):
        change()
        revisions.append(revision(api))

    steps = [later - earlier for earlier, later in pairwise(revisions)]
    assert steps == [1, 0, 1, 1, 0, 1, 1, 1, 1]


@pytest.fixture
def impatient(owner: Engine, committing: str) -> Iterator[Engine]:
    """An engine of the API whose statements fail after 2 s, so it cannot wait for a lock."""
    url = as_role(committing, "api")
    engine = database.connect(url, schema_of(owner), statement_timeout_ms=2000)
    yield engine
    engine.dispose()


def test_neither_rules_nor_stock_wait_for_a_publication(
    publisher: Engine, impatient: Engine
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    during: list[int] = []

    def meanwhile() -> None:
        during.extend(
            (out_of_stock(impatient, "a", "b"), activate_rules(impatient, hide=["a"]).version)
        )

    tables = shop.tables()
    slowly = {"fallback_lists": shop.slowly(tables["fallback_lists"], meanwhile)}
    fit = replace(shop.FIT, retrain_id="two", counts={})
    publish(publisher, fit, {**tables, **slowly}, actor="x", reason="y", instead_of=first)

    assert during == [2, 1]
    assert revision(impatient) == 1


def test_a_publication_keeps_rules_and_stock(publisher: Engine, api: Engine) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    out_of_stock(api, "a")
    activate_rules(api, only_available=True)

    shop.release(publisher, "two", instead_of=first, items=shop.items(**shop.TITLES, e="Heat"))

    with api.connect() as connection:
        assert slate(connection)[1].barred == {"a"}

"""A preview's metrics by hand: two users, six items, one window."""

from collections.abc import Iterator
from math import log2

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving.catalogue_changes import availability
from serving.errors import FilterRefusedError, NoWindowListsError
from serving.items import CatalogueItem, ScoredItem
from serving.rules import store, window_lists
from serving.rules.preview import WindowUser, exposures, preview, try_out
from serving.rules.slate import Slate
from serving.schemas import Boost, NewRules, Pin, RulesPreview, SlateRules
from serving.storage import database
from tests.conftest import schema_of
from tests.serving.rules.test_window_lists import decided
from tests.support.serving import shop
from tests.support.serving.server import as_role

KINDS = {"a": "X", "b": "X", "c": "Y", "d": "Y", "e": "Z", "f": "Z"}
ITEMS = [
    {"item_id": item_id, "title": f"Title {item_id}", "categories": [kind], "released": 1999}
    | {"vendor": "Acme" if kind == "X" else None}
    for item_id, kind in KINDS.items()
]
FACTORS = [
    {"item_id": item_id, "factors": [0.5], "popularity": 0.5, "trending": 1.0} for item_id in "abcd"
]
SECOND = 1 / log2(3)  # gain of a hit at the second rank
LISTS = {"u": ("abc", "b"), "v": ("cda", "cf")}  # user: their list, their relevant items


def put(publisher: Engine, lists: dict[str, tuple[str, str]]) -> None:
    rows = [
        {"user_id": user_id, "item_ids": [*listed], "scores": scores(len(listed))}
        | {"relevant": [*relevant]}
        for user_id, (listed, relevant) in lists.items()
    ]
    with Session(publisher) as session, session.begin():
        window_lists.replace(session, decided("shop__retrain/one"), rows)


def scores(n: int) -> list[float]:
    return [1 - rank / 8 for rank in range(n)]


@pytest.fixture
def api(owner: Engine, publisher: Engine, committing: str) -> Iterator[Connection]:
    """A connection of the API to a released shop without window lists."""
    fallback = shop.lists_of("segment", everybody="abcdef")
    shop.release(
        publisher, "shop__retrain/one", instead_of=None, items=ITEMS, item_factors=FACTORS,
        fallback_lists=fallback,
    )  # fmt: skip
    engine = database.connect(as_role(committing, "api"), schema_of(owner), autocommit=True)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def connection(api: Connection, publisher: Engine) -> Connection:
    """The same connection, with window lists."""
    put(publisher, LISTS)
    return api


def activate_rules(connection: Connection, rules: SlateRules) -> None:
    store.replace(connection, NewRules(rules=rules, instead_of=0, reason="A test."), actor="ada")


def test_without_window_lists_nothing_can_be_previewed(api: Connection) -> None:
    with pytest.raises(NoWindowListsError):
        preview(api, SlateRules())


def test_empty_rules_change_nothing_and_have_the_metrics_of_the_lists(
    connection: Connection,
) -> None:
    result = preview(connection, SlateRules())

    assert (result.retrain_id, result.n_users) == ("shop__retrain/one", 2)
    assert result.recipe == "recipe of shop__retrain/one"
    assert result.without == result.before == result.after
    assert (result.ndcg_change, result.low, result.high, result.changed_share) == (0, 0, 0, 0)
    plain = result.without
    assert plain.ndcg == pytest.approx((SECOND + 1 / (1 + SECOND)) / 2)
    assert plain.recall == pytest.approx((1 + 1 / 2) / 2)
    assert plain.coverage == 1  # a to d, of the four that the live release has
    assert plain.gini == pytest.approx(1 / 6)  # a and c twice, b and d once
    assert plain.diversity == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_hiding_a_relevant_item_changes_every_metric(connection: Connection) -> None:
    result = preview(connection, SlateRules(hide=("b",)))

    assert result.before == result.without
    assert result.after.ndcg == pytest.approx(1 / (1 + SECOND) / 2)
    assert result.after.recall == pytest.approx(1 / 4)
    assert result.after.coverage == 3 / 4
    assert result.after.gini == pytest.approx(7 / 20)  # a and c twice, d once, b never
    assert result.after.diversity == pytest.approx((1 + 2 / 3) / 2)
    assert result.changed_share == 1 / 2


def test_a_preview_counts_the_items_that_the_rules_allow(connection: Connection) -> None:
    allowed = [
        preview(connection, rules).n_allowed
        for rules in (
            SlateRules(),
            SlateRules(hide=("a",)),
            SlateRules(hide=("a",), keep_if="vendor != 'Acme'"),
            SlateRules(keep_if="released > 2100"),
        )
    ]

    assert allowed == [6, 5, 4, 0]


def test_a_filter_of_the_rules_removes_the_items_that_do_not_meet_it(
    connection: Connection,
) -> None:
    kept = preview(connection, SlateRules(keep_if="vendor != 'Acme'"))

    assert kept.after == preview(connection, SlateRules(hide=("a", "b"))).after
    assert kept.after != kept.before
    with pytest.raises(FilterRefusedError, match=r"^body\.keep_if: at character 9: "):
        preview(connection, SlateRules(keep_if="category"))


def test_a_pin_that_does_not_meet_the_filter_is_on_no_list_of_the_preview(
    connection: Connection,
) -> None:
    pin = Pin(item_id="e", rank=1)  # on no list of the window

    pinned = preview(connection, SlateRules(pin=(pin,)))
    kept_out = preview(connection, SlateRules(pin=(pin,), keep_if="category != 'Z'"))

    assert pinned.after != pinned.before
    assert kept_out.after == kept_out.before


def test_the_change_has_the_interval_of_its_mean_over_users(connection: Connection) -> None:
    result = preview(connection, SlateRules(hide=("b",)))

    half = 1.96 * float(np.std([-SECOND, 0], ddof=1)) / 2**0.5
    assert result.ndcg_change == pytest.approx(-SECOND / 2)
    assert result.low == pytest.approx(-SECOND / 2 - half)
    assert result.high == pytest.approx(-SECOND / 2 + half)


def test_exposure_is_a_share_of_all_ranks_most_changed_first(connection: Connection) -> None:
    result = preview(connection, SlateRules(hide=("b",)))

    assert [(exposure.kind, exposure.name) for exposure in result.exposure] == [
        ("category", "X"),
        ("category", "Y"),
        ("vendor", "Acme"),
    ]
    shares = [(exposure.before, exposure.after) for exposure in result.exposure]
    expected = [(3 / 6, 2 / 5), (3 / 6, 3 / 5), (3 / 6, 2 / 5)]
    assert shares == [pytest.approx(pair) for pair in expected]


def test_a_preview_is_compared_with_the_active_rules(connection: Connection) -> None:
    activate_rules(connection, SlateRules(hide=("b",)))

    kept = preview(connection, SlateRules(hide=("b",)))
    removed = preview(connection, SlateRules())

    assert kept.before == kept.after != kept.without
    assert kept.changed_share == 0
    assert removed.before == kept.after
    assert removed.after == removed.without
    assert removed.ndcg_change == pytest.approx(SECOND / 2)


def test_boosts_that_push_down_relevant_items_cost_ndcg(connection: Connection) -> None:
    boosts = (Boost(category="X", by=1.0), Boost(category="Y", by=-0.5))

    result = preview(connection, SlateRules(boost=boosts))

    assert result.after.ndcg == pytest.approx((SECOND + SECOND / (1 + SECOND)) / 2)
    assert result.after.recall == result.before.recall
    assert result.changed_share == 1 / 2  # v sees a before c and d


def test_a_preview_uses_the_current_stock(connection: Connection) -> None:
    availability.set_availability(connection, ["b"], available=False)

    available = preview(connection, SlateRules(only_available=True))

    assert available.after == preview(connection, SlateRules(hide=("b",))).after
    assert preview(connection, SlateRules()).after.coverage == 1


def test_items_missing_from_the_catalogue_are_on_no_list(
    connection: Connection, owner: Engine
) -> None:
    with owner.begin() as deleting:
        deleting.execute(text("delete from items where item_id = 'a'"))

    result = preview(connection, SlateRules())

    assert result.without.ndcg == pytest.approx((1 + 1 / (1 + SECOND)) / 2)


def test_the_interval_of_a_single_user_has_no_width(api: Connection, publisher: Engine) -> None:
    put(publisher, {"u": LISTS["u"]})

    result = preview(api, SlateRules(hide=("b",)))

    assert result.low == result.ndcg_change == result.high == pytest.approx(-SECOND)


def test_a_user_with_an_empty_list_counts_as_0(api: Connection, publisher: Engine) -> None:
    put(publisher, {"u": ("ab", "b"), "v": ("cd", "c")})

    result = preview(api, SlateRules(hide=tuple("ab")))

    assert result.after.ndcg == 1 / 2
    assert result.after.coverage == 2 / 4


def test_if_everything_is_hidden_all_metrics_are_0(connection: Connection) -> None:
    result = preview(connection, SlateRules(hide=tuple("abcd")))

    assert result.after.model_dump() == dict.fromkeys(result.after.model_dump(), 0.0)
    assert result.changed_share == 1


def test_a_preview_writes_nothing(connection: Connection, owner: Engine) -> None:
    before = tuple(stored(owner))

    result = preview(connection, SlateRules(hide=("b",), diversity=0.5))

    assert RulesPreview.model_validate_json(result.model_dump_json()) == result
    assert tuple(stored(owner)) == before


def stored(owner: Engine) -> Iterator[object]:
    with owner.connect() as connection:
        for table in ("rules", "slate", "window_lists"):
            yield from connection.execute(text(f"select *, xmin from {table}")).all()  # noqa: S608 # our own names


def scored(item_id: str, score: float) -> ScoredItem:
    return ScoredItem(CatalogueItem(item_id, item_id, (), None, None), score)


def test_empty_lists_have_no_exposure() -> None:
    assert exposures([], []) == []
    assert exposures([[]], [[]]) == []


def test_only_the_first_ten_items_are_evaluated() -> None:
    pool = [scored(f"i{n:02d}", -float(n)) for n in range(12)]
    trial = try_out(Slate(), [WindowUser(pool, frozenset({"i10", "i11"}))], 20)

    assert trial.figures.recall == trial.figures.ndcg == 0
    assert trial.figures.coverage == 10 / 20

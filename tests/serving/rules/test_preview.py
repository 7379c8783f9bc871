"""The figures of a preview by hand: two people, six items, one window."""

from collections.abc import Iterator
from math import log2

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving.errors import NoWindowListsError
from serving.items import CatalogueItem, ScoredItem
from serving.rules import store, window_lists
from serving.rules.preview import WindowUser, diversity, exposures, gini, preview, try_out
from serving.rules.slate import Slate
from serving.schemas import Boost, NewRules, RulesPreview, SlateRules
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
SECOND = 1 / log2(3)  # what a hit at the second rank is worth
LISTS = {"u": ("abc", "b"), "v": ("cda", "cf")}  # user: his list, what he came to like


def put(publisher: Engine, lists: dict[str, tuple[str, str]]) -> None:
    rows = [
        {"user_id": user_id, "item_ids": [*listed], "scores": scores(len(listed))}
        | {"relevant": [*wanted]}
        for user_id, (listed, wanted) in lists.items()
    ]
    with Session(publisher) as session, session.begin():
        window_lists.replace(session, decided("shop__retrain/one"), rows)


def scores(n: int) -> list[float]:
    return [1 - rank / 8 for rank in range(n)]


@pytest.fixture
def api(owner: Engine, publisher: Engine, committing: str) -> Iterator[Connection]:
    """The API's connection to a shop that is released; its window is still empty."""
    everything = shop.lists_of("segment", everybody="abcdef")
    shop.release(
        publisher, "shop__retrain/one", instead_of=None, items=ITEMS, item_factors=FACTORS,
        fallback_lists=everything,
    )  # fmt: skip
    engine = database.connect(as_role(committing, "api"), schema_of(owner), autocommit=True)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def judged(api: Connection, publisher: Engine) -> Connection:
    """The same with the window's lists."""
    put(publisher, LISTS)
    return api


def let_hold(connection: Connection, asked: SlateRules) -> None:
    made = NewRules(rules=asked, instead_of=0, reason="A test.")
    store.replace(connection, made, actor="ada")


def test_what_was_never_judged_cannot_be_previewed(api: Connection) -> None:
    with pytest.raises(NoWindowListsError):
        preview(api, SlateRules())


def test_no_rules_change_nothing_and_have_the_figures_of_the_lists(judged: Connection) -> None:
    found = preview(judged, SlateRules())

    assert (found.retrain_id, found.n_users) == ("shop__retrain/one", 2)
    assert found.recipe == "recipe of shop__retrain/one"
    assert found.without == found.before == found.after
    assert (found.ndcg_change, found.low, found.high, found.changed_share) == (0, 0, 0, 0)
    own = found.without
    assert own.ndcg == pytest.approx((SECOND + 1 / (1 + SECOND)) / 2)
    assert own.recall == pytest.approx((1 + 1 / 2) / 2)
    assert own.coverage == 1  # a to d, of the four that the live release has
    assert own.gini == pytest.approx(1 / 6)  # a and c twice, b and d once
    assert own.diversity == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_hiding_what_somebody_wants_is_seen_in_every_figure(judged: Connection) -> None:
    found = preview(judged, SlateRules(hide=("b",)))

    assert found.before == found.without
    assert found.after.ndcg == pytest.approx(1 / (1 + SECOND) / 2)
    assert found.after.recall == pytest.approx(1 / 4)
    assert found.after.coverage == 3 / 4
    assert found.after.gini == pytest.approx(7 / 20)  # a and c twice, d once, b never
    assert found.after.diversity == pytest.approx((1 + 2 / 3) / 2)
    assert found.changed_share == 1 / 2


def test_the_change_has_the_interval_of_its_mean_over_people(judged: Connection) -> None:
    found = preview(judged, SlateRules(hide=("b",)))

    half = 1.96 * float(np.std([-SECOND, 0], ddof=1)) / 2**0.5
    assert found.ndcg_change == pytest.approx(-SECOND / 2)
    assert found.low == pytest.approx(-SECOND / 2 - half)
    assert found.high == pytest.approx(-SECOND / 2 + half)


def test_exposure_is_a_share_of_all_places_most_changed_first(judged: Connection) -> None:
    found = preview(judged, SlateRules(hide=("b",)))

    assert [(one.kind, one.name) for one in found.exposure] == [
        ("category", "X"),
        ("category", "Y"),
        ("vendor", "Acme"),
    ]
    shares = [share for one in found.exposure for share in (one.before, one.after)]
    assert shares == pytest.approx([3 / 6, 2 / 5, 3 / 6, 3 / 5, 3 / 6, 2 / 5])


def test_a_preview_stands_beside_the_rules_that_hold(judged: Connection) -> None:
    let_hold(judged, SlateRules(hide=("b",)))

    kept, gone = (preview(judged, asked) for asked in (SlateRules(hide=("b",)), SlateRules()))

    assert kept.before == kept.after != kept.without
    assert kept.changed_share == 0
    assert gone.before == kept.after
    assert gone.after == gone.without
    assert gone.ndcg_change == pytest.approx(SECOND / 2)


def test_boosts_that_bring_others_before_what_somebody_wants_cost(judged: Connection) -> None:
    boosts = (Boost(category="X", by=1.0), Boost(category="Y", by=-0.5))

    found = preview(judged, SlateRules(boost=boosts))

    assert found.after.ndcg == pytest.approx((SECOND + SECOND / (1 + SECOND)) / 2)
    assert found.after.recall == found.before.recall
    assert found.changed_share == 1 / 2  # v sees a before c and d


def test_stock_counts_as_it_is_now(judged: Connection) -> None:
    store.set_availability(judged, ["b"], available=False)

    heeded = preview(judged, SlateRules(only_available=True))

    assert heeded.after == preview(judged, SlateRules(hide=("b",))).after
    assert preview(judged, SlateRules()).after.coverage == 1


def test_items_that_the_catalogue_lost_are_on_no_list(judged: Connection, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("delete from items where item_id = 'a'"))

    found = preview(judged, SlateRules())

    assert found.without.ndcg == pytest.approx((1 + 1 / (1 + SECOND)) / 2)


def test_one_person_alone_has_an_interval_of_no_width(api: Connection, publisher: Engine) -> None:
    put(publisher, {"u": LISTS["u"]})

    found = preview(api, SlateRules(hide=("b",)))

    assert found.low == found.ndcg_change == found.high == pytest.approx(-SECOND)


def test_whoever_is_shown_nothing_counts_as_nought(api: Connection, publisher: Engine) -> None:
    put(publisher, {"u": ("ab", "b"), "v": ("cd", "c")})

    found = preview(api, SlateRules(hide=tuple("ab")))

    assert found.after.ndcg == 1 / 2
    assert found.after.coverage == 2 / 4


def test_nothing_is_shown_where_all_is_hidden(judged: Connection) -> None:
    found = preview(judged, SlateRules(hide=tuple("abcd")))

    assert found.after.model_dump() == dict.fromkeys(found.after.model_dump(), 0.0)
    assert found.changed_share == 1


def test_a_preview_writes_nothing(judged: Connection, owner: Engine) -> None:
    before = tuple(held(owner))

    found = preview(judged, SlateRules(hide=("b",), diversity=0.5))

    assert RulesPreview.model_validate_json(found.model_dump_json()) == found
    assert tuple(held(owner)) == before


def held(owner: Engine) -> Iterator[object]:
    with owner.connect() as connection:
        for table in ("rules", "slate", "window_lists"):
            yield from connection.execute(text(f"select *, xmin from {table}")).all()  # noqa: S608 # our own names


def scored(item_id: str, score: float) -> ScoredItem:
    return ScoredItem(CatalogueItem(item_id, item_id, (), None, None), score)


def test_nobody_and_nothing_have_figures_too() -> None:
    assert gini(np.zeros(3)) == gini(np.zeros(0)) == gini(np.ones(4)) == 0
    assert gini(np.array([0.0, 0, 0, 8])) == 3 / 4
    assert diversity([]) == diversity([scored("a", 1.0)]) == 0
    assert diversity([scored("a", 1.0), scored("b", 0.5)]) == 1
    assert exposures([], []) == []
    assert exposures([[]], [[]]) == []


def test_no_more_places_than_ten_are_judged() -> None:
    pool = [scored(f"i{n:02d}", -float(n)) for n in range(12)]
    tried = try_out(Slate(), [WindowUser(pool, frozenset({"i10", "i11"}))], 20)

    assert tried.figures.recall == tried.figures.ndcg == 0
    assert tried.figures.coverage == 10 / 20

from collections.abc import Iterator

import numpy as np
import pytest

from jobs.synthetic.shop.demand import TOGETHER, buying, desire
from jobs.synthetic.shop.visits import KINDS, Events, events_of
from jobs.synthetic.shop.words import GO_TOGETHER
from jobs.synthetic.shop.world import START, WEEK_S, WEEKS, Ints, Shop, generate

VIEW, CART, PURCHASE = range(len(KINDS))


@pytest.fixture(scope="module")
def shop() -> Shop:
    return generate(40_000, seed=7)


@pytest.fixture(scope="module")
def visits(shop: Shop) -> list[Events]:
    return [events_of(shop, user) for user in range(shop.n_users)]


def weeks(events: Events) -> Ints:
    return (events.seconds - int(START.timestamp())) // WEEK_S


def test_the_number_of_events_is_about_the_size(visits: list[Events]) -> None:
    assert sum(len(events.item) for events in visits) == pytest.approx(40_000, rel=0.05)
    assert all((np.diff(events.seconds) >= 0).all() for events in visits)
    assert all((weeks(events) >= 0).all() and (weeks(events) < WEEKS).all() for events in visits)


def test_nothing_is_viewed_before_its_first_week(shop: Shop, visits: list[Events]) -> None:
    assert (shop.item_week > 0).any()
    for events in visits:
        assert (shop.item_week[events.item] <= weeks(events)).all()


def test_nothing_is_bought_while_it_is_sold_out(shop: Shop, visits: list[Events]) -> None:
    n_sold_out = 0
    for events in visits:
        in_stock = shop.in_stock[weeks(events), events.item]
        assert in_stock[events.kind != VIEW].all()
        n_sold_out += int((~in_stock).sum())
    assert n_sold_out > 0  # sold-out products are viewed


def sessions(visits: list[Events]) -> Iterator[list[tuple[int, int, int]]]:
    """Yield the (item, kind, seconds) of each session, oldest first."""
    for events in visits:
        rows = zip(events.item, events.kind, events.seconds, strict=True)
        by_session: dict[int, list[tuple[int, int, int]]] = {}
        for number, row in zip(events.session.tolist(), rows, strict=True):
            by_session.setdefault(number, []).append(row)
        yield from by_session.values()


def test_a_purchase_follows_a_cart_which_follows_a_view(shop: Shop, visits: list[Events]) -> None:
    n_purchases = 0
    for session in sessions(visits):
        bought = {item for item, kind, _ in session if kind == PURCHASE}
        for item, kind, at in session:
            before = {(other, of) for other, of, seconds in session if seconds < at}
            is_added = shop.item_complement[item] in bought  # from the page of the basket
            assert kind == VIEW or is_added or (item, VIEW) in before
            assert kind != PURCHASE or (item, CART) in before
            n_purchases += kind == PURCHASE
    assert n_purchases > 1000


def test_a_session_lasts_at_most_two_hours_of_one_day(visits: list[Events]) -> None:
    for session in sessions(visits):
        times = [seconds for _, _, seconds in session]
        assert max(times) - min(times) <= 7200
        assert max(times) // 86400 == min(times) // 86400


def test_nobody_buys_a_product_again(visits: list[Events]) -> None:
    for events in visits:
        bought = events.item[events.kind == PURCHASE]
        assert len(bought) == len(set(bought.tolist()))
        assert set(events.quantity[events.kind == PURCHASE].tolist()) <= {1, 2}


def test_the_same_seed_gives_the_same_events_in_any_order(shop: Shop, visits: list[Events]) -> None:
    again = generate(40_000, seed=7)

    for user in (150, 3):
        for column in Events.__slots__:
            expected = getattr(visits[user], column)
            assert np.array_equal(getattr(events_of(again, user), column), expected)
    assert not np.array_equal(shop.user_factors, generate(40_000, seed=8).user_factors)


def test_users_buy_as_often_as_the_truth_says(shop: Shop, visits: list[Events]) -> None:
    """Of rare purchases. Likely ones are fewer: a product that is viewed twice is bought once."""
    expected, bought = np.zeros((2, shop.n_users, shop.n_items))
    for user, events in enumerate(visits):
        views = np.bincount(weeks(events)[events.kind == VIEW], minlength=WEEKS)
        for week in np.flatnonzero(views).tolist():
            expected[user] += views[week] * buying(shop, user, week)
        bought[user, events.item[events.kind == PURCHASE]] = 1

    for low, high in ((0, 0.003), (0.003, 0.01), (0.01, 0.03)):
        pairs = (low <= expected) & (expected < high)
        n_bought = bought[pairs].sum()
        assert n_bought > 80
        assert n_bought == pytest.approx(expected[pairs].sum(), rel=3 / n_bought**0.5)


def test_complements_are_pairs_of_items_of_types_that_go_together(shop: Shop) -> None:
    [items] = np.nonzero(shop.item_complement >= 0)
    others = shop.item_complement[items]
    assert 0.7 * shop.n_items < len(items) < 0.9 * shop.n_items
    assert np.array_equal(shop.item_complement[others], items)
    pairs = {frozenset(pair) for pair in GO_TOGETHER}
    types = zip(shop.item_type[items].tolist(), shop.item_type[others].tolist(), strict=True)
    assert all(frozenset(pair) in pairs for pair in types)


def test_orders_have_the_complement_with_the_stated_probability(
    shop: Shop, visits: list[Events]
) -> None:
    n_orders, n_together = 0, 0
    for events in visits:
        is_order = events.kind == PURCHASE
        orders = [*zip(events.item[is_order].tolist(), weeks(events)[is_order], strict=True)]
        numbers = dict(zip(events.item[is_order].tolist(), events.session[is_order], strict=True))
        viewed = {*zip(events.item.tolist(), events.session, events.kind == VIEW, strict=True)}
        for item, week in orders:
            other, session = int(shop.item_complement[item]), numbers[item]
            is_chosen = (item, session, True) in viewed  # the item itself, not for its complement
            is_free = numbers.get(other, session) >= session and shop.in_stock[week, other]
            if other < 0 or not is_chosen or not is_free or (other, session, True) in viewed:
                continue
            n_orders += 1
            n_together += numbers.get(other) == session

    assert n_orders > 500
    assert n_together / n_orders == pytest.approx(TOGETHER, abs=3 * (0.21 / n_orders) ** 0.5)


def test_users_prefer_what_they_can_afford(shop: Shop) -> None:
    dearest, cheapest = shop.item_tier > 0.5, shop.item_tier < -0.3
    poor, rich = np.argsort(shop.user_budget)[[5, -5]]

    def lead(user: int) -> float:
        wants = desire(shop, int(user)).cart
        return float(wants[dearest].mean() / wants[cheapest].mean())

    assert lead(rich) > 2 * lead(poor)


def test_few_products_have_most_of_the_views(shop: Shop, visits: list[Events]) -> None:
    viewed = np.concatenate([events.item[events.kind == VIEW] for events in visits])
    views = np.sort(np.bincount(viewed, minlength=shop.n_items))[::-1]
    assert views[: shop.n_items // 10].sum() > 0.35 * views.sum()


def test_400_000_events_have_5_000_users_and_2_500_products() -> None:
    usual = generate(400_000, seed=1)

    assert (usual.n_users, usual.n_items) == (5000, 2500)
    new = np.bincount(usual.item_week, minlength=WEEKS)[1:]
    assert (new > 10).all()  # new products in every week
    assert 0.85 < usual.in_stock[-1].mean() < 0.97

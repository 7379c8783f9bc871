from collections.abc import Iterator

import numpy as np
import pytest

from jobs.synthetic.shop.demand import buying, desire
from jobs.synthetic.shop.visits import KINDS, Events, events_of
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


def test_a_purchase_follows_a_cart_which_follows_a_view(visits: list[Events]) -> None:
    n_purchases = 0
    for session in sessions(visits):
        for item, kind, at in session:
            before = {(other, of) for other, of, seconds in session if seconds < at}
            assert kind == VIEW or (item, VIEW) in before
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

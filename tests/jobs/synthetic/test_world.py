import numpy as np
import pytest

from jobs.synthetic import names
from jobs.synthetic.world import MONTHS, World, ratings_of, world


@pytest.fixture(scope="module")
def small() -> World:
    return world(30_000, seed=7)


def test_exactly_as_many_ratings_are_given_as_asked(small: World) -> None:
    given = [ratings_of(small, user) for user in range(small.n_users)]

    assert sum(len(items) for items, _, _ in given) == 30_000
    assert all(len(np.unique(items)) == len(items) for items, _, _ in given)
    assert all((np.diff(at) >= 0).all() for _, _, at in given)
    stars = np.concatenate([stars for _, stars, _ in given])
    assert set(stars.tolist()) == {1, 2, 3, 4, 5}
    assert 3 < stars.mean() < 4


def test_at_a_million_it_has_the_shape_of_movielens() -> None:
    large = world(1_000_000, seed=1)

    assert (large.n_users, large.n_items) == (6040, 3700)


def test_the_same_seed_gives_the_same_ratings_in_any_order(small: World) -> None:
    again = world(30_000, seed=7)
    other = world(30_000, seed=8)

    late, early = ratings_of(again, 150), ratings_of(again, 3)
    assert all((a == b).all() for a, b in zip(ratings_of(small, 3), early, strict=True))
    assert all((a == b).all() for a, b in zip(ratings_of(small, 150), late, strict=True))
    assert not np.array_equal(small.user_factors, other.user_factors)


def test_people_pick_what_fits_them_and_what_is_popular(small: World) -> None:
    fits, popularity = [], np.diff(small.offered[-1], prepend=0)
    chosen = []
    for user in range(small.n_users):
        items, _, _ = ratings_of(small, user)
        liking = small.item_factors @ small.user_factors[user]
        fits.append(liking[items].mean() - liking.mean())
        chosen.append(popularity[items].mean())

    assert np.mean(fits) > 0.2
    assert np.mean(chosen) > 1.5 * popularity.mean()


def test_nothing_is_offered_before_it_comes_out(small: World) -> None:
    share = np.diff(small.offered, axis=1, prepend=0)

    for month in range(MONTHS):
        assert share[month, small.item_month > month].sum() < 1e-9
    assert (small.item_month > 0).any()


def test_titles_do_not_repeat_and_some_are_awkward() -> None:
    titles = names.titles(np.random.default_rng(1), 5000)

    assert len(set(titles)) == 5000
    assert any('"' in title for title in titles)
    assert any("," in title for title in titles)
    assert any(not title.isascii() for title in titles)

import numpy as np
import pytest

from jobs.synthetic import names
from jobs.synthetic.world import MONTHS, World, generate, ratings_of


@pytest.fixture(scope="module")
def small() -> World:
    return generate(30_000, seed=7)


def test_the_number_of_ratings_is_exactly_the_size(small: World) -> None:
    ratings = [ratings_of(small, user) for user in range(small.n_users)]

    assert sum(len(items) for items, _, _ in ratings) == 30_000
    assert all(len(np.unique(items)) == len(items) for items, _, _ in ratings)
    assert all((np.diff(at) >= 0).all() for _, _, at in ratings)
    stars = np.concatenate([stars for _, stars, _ in ratings])
    assert set(stars.tolist()) == {1, 2, 3, 4, 5}
    assert 3 < stars.mean() < 4


def test_a_million_ratings_have_the_shape_of_movielens() -> None:
    large = generate(1_000_000, seed=1)

    assert (large.n_users, large.n_items) == (6040, 3700)


def test_the_same_seed_gives_the_same_ratings_in_any_order(small: World) -> None:
    again = generate(30_000, seed=7)
    other = generate(30_000, seed=8)

    late, early = ratings_of(again, 150), ratings_of(again, 3)
    assert all((a == b).all() for a, b in zip(ratings_of(small, 3), early, strict=True))
    assert all((a == b).all() for a, b in zip(ratings_of(small, 150), late, strict=True))
    assert not np.array_equal(small.user_factors, other.user_factors)


def test_users_choose_items_that_fit_and_popular_items(small: World) -> None:
    fits, popularity = [], np.diff(small.offered[-1], prepend=0)
    chosen = []
    for user in range(small.n_users):
        items, _, _ = ratings_of(small, user)
        fit = small.item_factors @ small.user_factors[user]
        fits.append(fit[items].mean() - fit.mean())
        chosen.append(popularity[items].mean())

    assert np.mean(fits) > 0.2
    assert np.mean(chosen) > 1.5 * popularity.mean()


def test_no_item_is_offered_before_its_release(small: World) -> None:
    share = np.diff(small.offered, axis=1, prepend=0)

    for month in range(MONTHS):
        assert share[month, small.item_month > month].sum() < 1e-9
    assert (small.item_month > 0).any()


def test_titles_are_unique_and_some_have_special_characters() -> None:
    titles = names.titles(np.random.default_rng(1), 5000)

    assert len(set(titles)) == 5000
    assert any('"' in title for title in titles)
    assert any("," in title for title in titles)
    assert any(not title.isascii() for title in titles)

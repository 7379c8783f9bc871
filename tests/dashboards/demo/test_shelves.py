from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboards.demo import shelves
from dashboards.demo.words import stars
from serving.schemas import About, Item, RatedItem
from tests.support.dashboards import shop


def items(letters: str) -> list[Item]:
    return [Item(item_id=letter, title=letter) for letter in letters]


def letters(listed: list[Item]) -> str:
    return "".join(item.item_id for item in listed)


def scale(lowest: float, highest: float, step: float) -> About:
    return shop.about().model_copy(update={"lowest": lowest, "highest": highest, "step": step})


def rated(user_id: str) -> tuple[RatedItem, ...]:
    user = shop.user(user_id)
    assert user
    return user.rated


def test_likes_are_sorted_by_rating_then_newest_first() -> None:
    items = rated("0042")

    assert shelves.liked(items[::-1], shop.about())[:3] == list(items[:3])


def test_low_ratings_are_not_likes() -> None:
    assert all(item.rating >= 4 for item in shelves.liked(rated("1990"), shop.about()))


def test_the_favourite_category_is_the_most_frequent_one() -> None:
    comedies = [item for item in rated("1990") if "Comedy" in item.categories]
    assert comedies
    assert shelves.favourite_category(comedies) == "Comedy"
    assert shelves.favourite_category([]) is None


def test_the_least_rated_category_is_new_to_the_user() -> None:
    items = rated("0107")
    familiar = {name for item in items for name in item.categories}
    assert shelves.least_rated_category(items, shop.about()) not in familiar


def test_the_favourite_vendor_is_the_most_frequent_one() -> None:
    assert shelves.favourite_vendor(shop.ITEMS[:3]) == "Sarn Pictures"
    assert shelves.favourite_vendor(items("ab")) is None


def test_the_favourite_decade_is_the_most_frequent_the_later_if_tied() -> None:
    films = [
        Item(item_id=str(year), title="x", released=year) for year in (1989, 1990, 1999, 2000, 2009)
    ]
    assert shelves.favourite_decade(films) == 2000
    assert shelves.favourite_decade(films[:-1]) == 1990
    assert shelves.favourite_decade(items("ab")) is None


def test_the_last_like_is_the_newest_by_time() -> None:
    items = rated("0042")
    newest = items[3].model_copy(update={"rated_at": shop.NOW + timedelta(days=1)})
    assert shelves.last_liked([*items, newest]) == newest
    assert shelves.last_liked([]) is None


def test_touched_items_keep_their_positions() -> None:
    assert letters(shelves.merged(items("xyzw"), items("abcd"), {"b"})) == "xbyzw"
    assert letters(shelves.merged(items("xbyz"), items("abcd"), {"b"})) == "xbyz"
    assert letters(shelves.merged(items("xy"), items("abcd"), {"d"})) == "xyd"
    assert letters(shelves.merged(items("xyz"), items("abcd"), set())) == "xyz"
    assert letters(shelves.merged([], items("ab"), {"a"})) == "a"


@given(
    some.permutations("abcdefgh"),
    some.permutations("abcdefgh"),
    some.sets(some.sampled_from("abcdefgh")),
)
def test_merged_lists_have_no_duplicates(
    new: list[str], shown: list[str], touched: set[str]
) -> None:
    merged = letters(shelves.merged(items("".join(new)[:5]), items("".join(shown)[:5]), touched))
    assert len(set(merged)) == len(merged)
    assert set(new[:5]) - touched <= set(merged)


def test_new_items_are_those_missing_before() -> None:
    assert shelves.n_new(items("abc"), items("bcd")) == 1


@pytest.mark.parametrize(
    ("about", "ratings"),
    [
        (scale(1, 5, 1), [1, 2, 3, 4, 5]),
        (scale(0.5, 5, 0.5), [1, 2, 3, 4, 5]),
        (scale(0, 10, 1), [2, 4, 6, 8, 10]),
        (scale(1, 10, 1), [2, 4, 6, 8, 10]),
        (scale(1, 3, 1), [1, 1, 2, 2, 3]),
    ],
)
def test_stars_become_steps_of_the_scale(about: About, ratings: list[float]) -> None:
    assert [stars.rating(n, about) for n in range(1, 6)] == ratings


def test_a_rating_shows_the_stars_that_were_given() -> None:
    for about in (scale(1, 5, 1), scale(0, 10, 1), scale(0.5, 5, 0.5)):
        assert [stars.of(stars.rating(n, about), about) for n in range(1, 6)] == [1, 2, 3, 4, 5]
    assert stars.of(0, scale(0, 10, 1)) == 1

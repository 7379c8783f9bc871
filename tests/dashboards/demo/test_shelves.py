from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboards.demo import shelves, stars
from serving.schemas import About, Item
from tests.support.dashboards import shop


def items(letters: str) -> list[Item]:
    return [Item(item_id=letter, title=letter) for letter in letters]


def letters(found: list[Item]) -> str:
    return "".join(item.item_id for item in found)


def scale(lowest: float, highest: float, step: float) -> About:
    return shop.about().model_copy(update={"lowest": lowest, "highest": highest, "step": step})


def test_the_favourite_category_is_that_of_most_likes() -> None:
    person = shop.person("1990")
    assert person
    counts = [item for item in person.rated if "Comedy" in item.categories]
    assert counts
    assert shelves.favourite_category(counts) == "Comedy"
    assert shelves.favourite_category([]) is None


def test_new_to_him_is_what_he_rated_least_of() -> None:
    person = shop.person("0107")
    assert person
    known = {name for item in person.rated for name in item.categories}
    assert shelves.new_category(person.rated, shop.about()) not in known


def test_who_made_most_of_what_he_likes() -> None:
    assert shelves.favourite_vendor(shop.ITEMS[:3]) == "Sarn Pictures"
    assert shelves.favourite_vendor(items("ab")) is None


def test_the_favourite_decade_is_that_of_most_likes_and_the_later_among_equals() -> None:
    made = [
        Item(item_id=str(year), title="x", released=year) for year in (1989, 1990, 1999, 2000, 2009)
    ]
    assert shelves.favourite_decade(made) == 2000
    assert shelves.favourite_decade(made[:-1]) == 1990
    assert shelves.favourite_decade(items("ab")) is None


def test_the_newest_like_is_by_time() -> None:
    person = shop.person("0042")
    assert person
    newest = person.rated[3].model_copy(update={"rated_at": shop.NOW + timedelta(days=1)})
    assert shelves.newest_liked([*person.rated, newest]) == newest
    assert shelves.newest_liked([]) is None


def test_what_was_touched_stays_where_it_stood() -> None:
    assert letters(shelves.steady(items("xyzw"), items("abcd"), {"b"})) == "xbyzw"
    assert letters(shelves.steady(items("xbyz"), items("abcd"), {"b"})) == "xbyz"
    assert letters(shelves.steady(items("xy"), items("abcd"), {"d"})) == "xyd"
    assert letters(shelves.steady(items("xyz"), items("abcd"), set())) == "xyz"
    assert letters(shelves.steady([], items("ab"), {"a"})) == "a"


@given(
    some.permutations("abcdefgh"),
    some.permutations("abcdefgh"),
    some.sets(some.sampled_from("abcdefgh")),
)
def test_steady_lists_hold_each_item_once(
    found: list[str], shown: list[str], touched: set[str]
) -> None:
    merged = letters(shelves.steady(items("".join(found)[:5]), items("".join(shown)[:5]), touched))
    assert len(set(merged)) == len(merged)
    assert set(found[:5]) - touched <= set(merged)


def test_new_titles_are_those_that_were_not_there() -> None:
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
def test_stars_are_steps_of_the_scale(about: About, ratings: list[float]) -> None:
    assert [stars.rating(n, about) for n in range(1, 6)] == ratings


def test_a_rating_shows_as_the_stars_that_gave_it() -> None:
    for about in (scale(1, 5, 1), scale(0, 10, 1), scale(0.5, 5, 0.5)):
        assert [stars.of(stars.rating(n, about), about) for n in range(1, 6)] == [1, 2, 3, 4, 5]
    assert stars.of(0, scale(0, 10, 1)) == 1

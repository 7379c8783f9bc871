from dashboards.demo.reasons import (
    in_a_sentence,
    kind_in_words,
    liked,
    note,
    recipe_in_words,
)
from serving.schemas import RatedItem, Reason
from tests.support.dashboards import shop


def rated(user_id: str = "0042") -> tuple[RatedItem, ...]:
    person = shop.person(user_id)
    assert person
    return person.rated


def test_the_best_rated_come_first_and_the_newest_among_equals() -> None:
    best = liked(rated()[::-1], shop.about(), 3)

    assert best == list(rated()[:3])


def test_what_was_rated_low_is_not_liked() -> None:
    assert all(each.rating >= 4 for each in liked(rated("1990"), shop.about(), 100))


def test_a_reason_is_shown_as_a_sentence_and_a_place_where_there_is_none() -> None:
    item = shop.listed([shop.ITEMS[0]])[0]
    because = Reason(kind="because_you_rated", text="because you rated *Alien* 5 stars")

    assert note(item) == "No. 1"
    told = note(item.model_copy(update={"reason": because}))
    assert told == "Because you rated *Alien* 5 stars"


def test_a_live_list_says_how_much_is_new() -> None:
    own = shop.recommendations("0042", 1)

    assert "best first" in kind_in_words(own)
    assert "3 new ratings" in kind_in_words(
        own.model_copy(update={"kind": "live", "n_new_ratings": 3})
    )
    assert "strangers" in kind_in_words(shop.recommendations("x", 1))


def test_recipes_and_kinds_have_words() -> None:
    assert "tastes" in recipe_in_words("als-7f3a")
    assert "most people" in recipe_in_words("popular-recent")
    assert recipe_in_words("other")
    stranger, own = shop.recommendations("x", 1), shop.recommendations("0042", 1)
    assert "everybody" in in_a_sentence(stranger)
    assert "this person" in in_a_sentence(own)
    assert "just now" in in_a_sentence(own.model_copy(update={"kind": "live"}))


def test_every_family_of_recipes_has_words_of_its_own() -> None:
    names = ("als_centred_r8_1", "popular_by_segment_1", "popular_365d_1", "other")
    assert len({recipe_in_words(name) for name in names}) == 4

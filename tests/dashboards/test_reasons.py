from dashboards.demo.reasons import in_a_sentence, liked, nearest, recipe_in_words, standing
from serving.schemas import RatedItem, SimilarItems
from tests.dashboards import shop


def rated(user_id: str = "0042") -> tuple[RatedItem, ...]:
    person = shop.person(user_id)
    assert person
    return person.rated


def test_the_best_rated_come_first_and_the_newest_among_equals() -> None:
    best = liked(rated()[::-1], shop.about(), 3)

    assert best == list(rated()[:3])


def test_what_was_rated_low_is_not_liked() -> None:
    assert all(each.rating >= 4 for each in liked(rated("1990"), shop.about(), 100))


def test_each_item_is_explained_by_the_liked_one_it_is_most_like() -> None:
    far, near = rated()[:2]
    listed = shop.listed(list(shop.ITEMS[:2]))
    alike = {
        far.item_id: SimilarItems(
            item_id=far.item_id,
            release_id=1,
            items=(listed[0].model_copy(update={"score": 0.2}),),
        ),
        near.item_id: SimilarItems(
            item_id=near.item_id,
            release_id=1,
            items=(listed[0].model_copy(update={"score": 0.9}),),
        ),
    }

    assert nearest(listed, [far, near], alike) == {listed[0].item_id: near}


def test_without_likeness_nothing_is_explained() -> None:
    assert nearest(shop.ITEMS, rated(), {}) == {}


def test_recipes_and_kinds_have_words() -> None:
    assert "tastes" in recipe_in_words("als-7f3a")
    assert "most people" in recipe_in_words("popular-recent")
    assert recipe_in_words("other")
    stranger, own = shop.recommendations("x", 1), shop.recommendations("0042", 1)
    assert "everybody" in in_a_sentence(stranger)
    assert "this person" in in_a_sentence(own)
    assert "just now" in in_a_sentence(own.model_copy(update={"kind": "live"}))


def test_an_item_is_rated_or_listed_or_neither() -> None:
    found, given = shop.recommendations("0042", 5), rated()
    unrated = [each for each in found.items if each.item_id not in {r.item_id for r in given}]

    def of(item_id: str) -> str:
        return standing(item_id, "person 1", found, given, 5)

    assert "Rated 5 of 5 by person 1" in of(given[0].item_id)
    assert f"No. {unrated[0].rank} on the list of person 1" in of(unrated[0].item_id)
    assert "Not among the first 5" in of("else")


def test_every_family_of_recipes_has_words_of_its_own() -> None:
    names = ("als-centred-r8-1", "popular-like-him-1", "popular-365d-1", "other")
    assert len({recipe_in_words(name) for name in names}) == 4

from typing import get_args

from dashboards.demo.words.reasons import ORIGINS, contents, method, note
from serving.schemas import ListKind, Reason
from tests.support.dashboards import shop


def test_a_reason_starts_with_a_capital_and_defaults_to_the_rank() -> None:
    item = shop.listed([shop.ITEMS[0]])[0]
    reason = Reason(kind="because_you_rated", text="because you rated *Alien* 5 stars")

    assert note(item) == "#1"
    assert note(item.model_copy(update={"reason": reason})) == "Because you rated *Alien* 5 stars"


def test_the_contents_of_each_kind_of_list_are_described() -> None:
    about, without = shop.about(), shop.about(rates=False)

    assert "Best match first" in contents("batch", 0, about)
    assert "3 changes to your ratings since the release" in contents("live", 3, about)
    assert "New visitors" in contents("fallback", 0, about)
    assert "rat" not in contents("batch", 0, without) + contents("live", 1, without)


def test_every_kind_of_list_has_an_origin() -> None:
    assert set(ORIGINS) == set(get_args(ListKind))
    assert "popular" in ORIGINS["fallback"]
    assert "Made for you" in ORIGINS["batch"]
    assert "what you did last" in ORIGINS["live"]


def test_every_family_of_recipes_has_its_own_description() -> None:
    names = ("als_centred_r8_1", "popular_by_segment_1", "popular_365d_1", "other")

    assert len({method(name) for name in names}) == 4
    assert "tastes" in method("als_7f3a")
    assert "all users" in method("popular_recent")
    assert "what else they chose" in method("item_item_cosine_k200_1c2d3e")
    assert "the same users choose" in method("ease_500d1c")

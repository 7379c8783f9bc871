import pytest
from optuna.trial import FixedTrial

from jobs.engine import recipes
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.recipes import Als, AnyRecipe
from jobs.engine.searching import space
from jobs.engine.searching.item_space import item_space
from tests.support.jobs.small_world import world

SPACE = item_space(world(), [], with_ease=True)
EASE = recipes.ease(world())


@pytest.mark.parametrize(
    "recipe",
    [
        ItemItem(),
        ItemItem(similarity="log_likelihood", neighbours=20, shrinkage=1),
        ItemItem(exponent=0.75),
        EASE,
        EASE.model_copy(update={"reg": 30.0}),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_recipe_in_the_space_has_parameters(recipe: AnyRecipe) -> None:
    values = SPACE.parameters(recipe)

    assert values is not None
    assert SPACE.suggest(FixedTrial(values)) == recipe


@pytest.mark.parametrize(
    "recipe",
    [
        ItemItem(neighbours=1000),
        ItemItem(shrinkage=0),
        ItemItem(similarity="log_likelihood", exponent=0.9),
        EASE.model_copy(update={"reg": 1.0}),
        EASE.model_copy(update={"neighbours": 50}),
        Als(),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_recipe_outside_the_space_has_no_parameters(recipe: AnyRecipe) -> None:
    assert SPACE.parameters(recipe) is None


def test_a_search_begins_with_the_nominated_recipe_and_the_defaults() -> None:
    nominated = ItemItem(neighbours=50)

    starts = item_space(world(), [nominated], with_ease=True).starts

    assert starts == [nominated, ItemItem(), EASE]


def test_a_catalogue_that_is_too_large_has_no_ease() -> None:
    large = item_space(world(), [], with_ease=False)

    assert large.starts == [ItemItem()]
    assert large.parameters(EASE) is None
    assert large.parameters(ItemItem()) is not None


def test_the_families_of_item_item_models() -> None:
    for recipe in (ItemItem(), Ease()):
        assert space.is_in_family("any", recipe)
        assert space.is_in_family("item_item", recipe)
        assert not space.is_in_family("als", recipe)
        assert not space.is_in_family("als_with_priors", recipe)
    assert not space.is_in_family("item_item", Als())

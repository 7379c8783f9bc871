from functools import partial

import pytest
from optuna.trial import FixedTrial

from jobs.engine import recipes
from jobs.engine.recipes import Als, AnyRecipe, Popular
from jobs.engine.searching import space, trials
from jobs.engine.searching.trials import Space
from jobs.engine.weightings import Centred
from tests.support.jobs.product import product, shop
from tests.support.jobs.simulated_search import DEFAULT, HALF_LIFE, WORLD, parameters, suggest


@pytest.mark.parametrize(
    "recipe",
    [
        DEFAULT,
        recipes.by_name(WORLD)["als_minus_midpoint"].model_copy(update={"alpha": 2.5}),
        recipes.by_name(WORLD)["als_from_threshold"],
        Als(half_life_days=HALF_LIFE, weighting=Centred(p=0.5)),
        Als(half_life_days=HALF_LIFE / 3),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_recipe_in_the_space_has_parameters(recipe: Als) -> None:
    values = parameters(recipe)

    assert values is not None
    assert suggest(FixedTrial(values)) == recipe


@pytest.mark.parametrize(
    "recipe",
    [
        Als(rank=64),
        Als(seed=1),
        Als(half_life_days=7),
        Als(weighting=Centred(shrinkage=1)),
        Popular(relevant_from=4),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_recipe_outside_the_space_has_no_parameters(recipe: AnyRecipe) -> None:
    assert parameters(recipe) is None


SHOP = shop(kinds={"buy": {"weight": 5}, "ignored": {"weight": 0}, "view": {}})
IN_SHOP = recipes.of_events(SHOP)


@pytest.mark.parametrize(
    ("weights", "changes"),
    [
        ((5, 0, 1), {}),
        ((5, 0, 0.25), {"saturation": "binary"}),
        ((5, 0, 8), {"saturation": "capped", "cap": 3}),
    ],
)
def test_weights_and_saturation_of_events_are_searched_but_not_the_largest_weight(
    weights: tuple[float, ...], changes: dict[str, object]
) -> None:
    of_kinds = tuple(zip(("buy", "ignored", "view"), weights, strict=True))
    weighting = recipes.events(SHOP).model_copy(update={"weights": of_kinds} | changes)
    recipe = IN_SHOP.model_copy(update={"weighting": weighting, "half_life_days": 365.0})

    values = space.parameters(recipe, SHOP)

    assert values is not None
    assert space.suggest(FixedTrial(values), SHOP) == recipe
    heavier = weighting.model_copy(update={"weights": (("buy", 6), *of_kinds[1:])})
    outside = recipe.model_copy(update={"weighting": heavier})
    assert space.parameters(outside, SHOP) is None


def test_ratings_and_events_of_one_data_set_are_both_searched() -> None:
    mixed = product(kinds={"view": {}, "buy": {"weight": 5}})
    of_events = recipes.of_events(mixed)

    for recipe in (recipes.of_ratings(mixed), of_events):
        values = space.parameters(recipe, mixed)
        assert values is not None
        assert space.suggest(FixedTrial(values), mixed) == recipe
    assert space.parameters(of_events, WORLD) is None
    study = trials.study_of([], Space(partial(space.suggest, data=mixed), parameters))
    for kind in ("centred", "events"):
        study.enqueue_trial({"weighting": kind})
        trial = study.ask()
        suggested = space.suggest(trial, mixed)
        assert isinstance(suggested, Als)
        assert suggested.weighting.kind == kind
        study.tell(trial, 0.1)


def test_other_seeds_are_far_apart() -> None:
    assert space.reseeded(DEFAULT, 0) == DEFAULT
    assert space.reseeded(DEFAULT, 2) == DEFAULT.model_copy(update={"seed": DEFAULT.seed + 2000})
    assert space.reseeded(Popular(relevant_from=4), 1) is None

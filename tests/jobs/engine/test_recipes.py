import pytest
from pydantic import ValidationError

from jobs.engine import recipes
from jobs.engine.errors import RecipeError
from jobs.engine.recipes import Als
from jobs.engine.weightings import Centred, MinusMidpoint, StarsFromThreshold
from warehouse.datasets import Scale
from warehouse.tables.vocabulary import RecipeName

STARS = Scale(lowest=1, highest=5, step=1, relevant_from=4)
POINTS = Scale(lowest=0, highest=10, step=1, relevant_from=8)
YEAR = 365.0
EVERY = list(recipes.by_name(STARS, YEAR).values())


@pytest.mark.parametrize("recipe", EVERY, ids=lambda recipe: recipe.name)
def test_a_recipe_comes_back_from_its_json(recipe: recipes.AnyRecipe) -> None:
    assert recipes.parse(recipe.model_dump_json()) == recipe


def test_names_are_short_stable_and_tell_recipes_apart() -> None:
    others = [Als(seed=1), Als(blocks=4), Als(weighting=Centred(p=1)), Als(alpha=1)]
    names = [recipe.name for recipe in [*EVERY, *others]]

    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 60
    assert Als(seed=1).name == Als(seed=1).name
    assert Als().name == "als_centred_r8_4468be"


def test_a_new_field_that_is_not_used_leaves_the_name_as_it_was() -> None:
    assert recipes.default(STARS).name == "als_centred_r8_4468be"
    assert recipes.default(STARS).half_life_days is None
    assert Als(half_life_days=365).name != Als().name


def test_popularity_gets_old_as_the_data_set_says() -> None:
    recently = recipes.popularities(STARS, 2)[1]

    assert isinstance(recently, recipes.PopularRecently)
    assert recently.half_life_days == 2
    assert recently.name.startswith("popular_2d_")


def test_the_default_is_the_recipe_that_was_measured() -> None:
    assert recipes.resolve("", STARS, YEAR) == recipes.default(STARS)
    assert recipes.default(STARS) == Als(
        weighting=Centred(), rank=8, reg=0.57, alpha=4.66, iterations=15, blocks=2
    )


def test_priors_stand_beside_the_als_that_was_measured_with_them() -> None:
    found = recipes.with_priors(STARS, YEAR)

    assert found.als == Als(weighting=Centred(p=0.5), rank=10, reg=0.5, alpha=6.5)
    assert [one.seed - found.als.seed for one in found.seeded] == [0, 1, 2]
    assert found.priors.half_life_days == YEAR
    assert found.name == "als_with_priors_r10x3_f74bfa"
    assert recipes.with_priors(POINTS, YEAR).als.alpha == pytest.approx(6.5 * 4 / 10)


def test_alpha_is_in_units_of_the_scale() -> None:
    assert recipes.default(POINTS).alpha == pytest.approx(4.66 * 4 / 10)


@pytest.mark.parametrize("name", recipes.by_name(STARS, YEAR))
def test_the_form_takes_every_name(name: RecipeName) -> None:
    assert recipes.resolve(name, STARS, YEAR) == recipes.by_name(STARS, YEAR)[name]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("best", "give JSON, or one of: default,"),
        ('{"kind": "als", "rank": 0}', "rank"),
        ('{"kind": "als", "depth": 3}', "depth"),
        ('{"kind": "magic"}', "magic"),
        ('{"kind": "als"', "JSON"),
    ],
)
def test_what_is_no_recipe_is_refused_by_name(asked: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        recipes.resolve(asked, STARS, YEAR)


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Als().rank = 9  # type: ignore[misc] # the test assigns to a frozen field


def test_weightings_are_told_apart_by_kind() -> None:
    asked = '{"kind": "als", "weighting": {"kind": "minus_midpoint", "midpoint": 2.5}}'

    assert recipes.resolve(asked, STARS, YEAR) == Als(weighting=MinusMidpoint(midpoint=2.5))
    assert Als(weighting=StarsFromThreshold(threshold=4)).name.startswith("als_stars_from_")

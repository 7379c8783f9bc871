import pytest
from pydantic import ValidationError

from jobs.engine import recipes
from jobs.engine.errors import RecipeError
from jobs.engine.recipes import Als, AlsWithPriors
from jobs.engine.weightings import Centred, Events, MinusMidpoint, StarsFromThreshold
from tests.support.jobs.product import RATINGS, product, shop
from warehouse.tables.vocabulary import RecipeName

STARS = product()
POINTS = product(scale={"lowest": 0, "highest": 10, "step": 1, "relevant_from": 8})
SHOP = shop()
MIXED = product(events=[{"file": "views.csv", "kind": "view"}], kinds={"view": {}})
YEAR = 365.0
ALL = list(dict.fromkeys(recipes.by_name(STARS).values()))  # some have two names


@pytest.mark.parametrize("recipe", ALL, ids=lambda recipe: recipe.name)
def test_a_recipe_comes_back_from_its_json(recipe: recipes.AnyRecipe) -> None:
    assert recipes.parse(recipe.model_dump_json()) == recipe


def test_names_are_short_stable_and_distinct() -> None:
    others = [Als(seed=1), Als(blocks=4), Als(weighting=Centred(p=1)), Als(alpha=1)]
    names = [recipe.name for recipe in [*ALL, *others]]

    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 60
    assert Als(seed=1).name == Als(seed=1).name
    assert Als().name == "als_centred_r8_4468be"


def test_an_optional_field_that_is_not_set_does_not_change_the_name() -> None:
    assert recipes.default(STARS).name == "als_centred_r8_4468be"
    assert recipes.of_ratings(STARS).half_life_days is None
    assert Als(half_life_days=365).name != Als().name


def test_recent_popularity_has_the_half_life_of_the_data_set() -> None:
    recently = recipes.popularities(product(windows={"half_life_days": 2}))[1]

    assert isinstance(recently, recipes.PopularRecently)
    assert recently.half_life_days == 2
    assert recently.name.startswith("popular_2d_")


def test_the_default_recipe_is_the_measured_one() -> None:
    assert recipes.resolve("", STARS) == recipes.default(STARS)
    assert recipes.default(STARS) == Als(
        weighting=Centred(), rank=8, reg=0.57, alpha=4.66, iterations=15, blocks=2
    )


def test_the_recipe_with_priors_is_the_measured_one() -> None:
    recipe = recipes.with_priors(STARS)

    assert recipe.als == Als(weighting=Centred(p=0.5), rank=10, reg=0.5, alpha=6.5)
    assert [als.seed - recipe.als.seed for als in recipe.seeded] == [0, 1, 2]
    assert recipe.priors.half_life_days == YEAR
    assert recipe.name == "als_with_priors_r10x3_f74bfa"
    assert recipes.with_priors(POINTS).als.alpha == pytest.approx(6.5 * 4 / 10)


def test_alpha_is_in_units_of_the_scale() -> None:
    assert recipes.of_ratings(POINTS).alpha == pytest.approx(4.66 * 4 / 10)


@pytest.mark.parametrize("name", recipes.by_name(STARS))
def test_every_name_is_resolved(name: RecipeName) -> None:
    assert recipes.resolve(name, STARS) == recipes.by_name(STARS)[name]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("best", "give JSON, or one of: default,"),
        ('{"kind": "als", "rank": 0}', "rank"),
        ('{"kind": "als", "depth": 3}', "depth"),
        ('{"kind": "magic"}', "magic"),
        ('{"kind": "als"', "JSON"),
    ],
)
def test_an_invalid_recipe_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipes.resolve(text, STARS)


def test_data_without_a_scale_are_weighted_by_the_manifest_and_named_without_a_threshold() -> None:
    named = recipes.by_name(SHOP)

    assert recipes.default(SHOP) == recipes.with_priors(SHOP)
    assert recipes.default(MIXED) == AlsWithPriors(als=recipes.of_events(MIXED))
    assert recipes.of_events(SHOP).weighting == Events(weights=(("buy", 5), ("view", 1)))
    assert named["popular"] == recipes.Popular()
    assert not {"als_minus_midpoint", "als_from_threshold"} & named.keys()
    assert [recipes.parse(recipe.model_dump_json()) for recipe in named.values()] == [
        *named.values()
    ]
    with pytest.raises(RecipeError, match="one of: default, als, als_with_priors, item_item"):
        recipes.resolve("als_from_threshold", SHOP)


def test_data_without_times_have_no_popularity_that_decays() -> None:
    timeless = product(ratings=RATINGS | {"time": False})

    kinds = [recipe.kind for recipe in recipes.popularities(timeless)]

    assert kinds == ["popular", "popular_by_segment"]


def test_an_empty_form_starts_with_the_manifests_recipe() -> None:
    trained = product(training={"recipe": "popular"})

    assert recipes.resolve("", trained) == recipes.Popular(relevant_from=4)
    assert recipes.resolve("default", trained) == recipes.default(trained)


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Als().rank = 9  # type: ignore[misc] # the test assigns to a frozen field


def test_weightings_are_distinguished_by_kind() -> None:
    text = '{"kind": "als", "weighting": {"kind": "minus_midpoint", "midpoint": 2.5}}'

    assert recipes.resolve(text, STARS) == Als(weighting=MinusMidpoint(midpoint=2.5))
    assert Als(weighting=StarsFromThreshold(threshold=4)).name.startswith("als_stars_from_")

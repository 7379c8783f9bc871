"""Which spaces a search explores, by the family it searches and the best recipe so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from jobs.engine.facts import Facts
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, PriorWeights
from jobs.engine.searching import space
from jobs.engine.searching.item_space import item_space
from jobs.engine.searching.trials import Space
from warehouse.tables.vocabulary import SearchFamily


@dataclass(frozen=True)
class Spaces:
    """The spaces of a family. In `any`, those of the best start's kind come first."""

    data: Facts
    family: SearchFamily
    with_ease: bool  # whether the catalogue is small enough

    def starts(self, nominated: Sequence[AnyRecipe]) -> Sequence[AnyRecipe]:
        """Return the recipes to try first."""
        searches_items = self.family in ("any", "item_item")
        return self._items(nominated).starts if searches_items else nominated

    def first(self, best_start: AnyRecipe) -> Space:
        """Return the space to explore: item-item models if the best start is one, or ALS."""
        if self.family == "item_item" or (self.family == "any" and _is_of_items(best_start)):
            return self._items([])
        return self._als()

    def second(self, best: AnyRecipe) -> Space | None:
        """Return how to continue: weights of priors around ALS, or ALS after item-item models."""
        if _is_of_items(best):
            return self._als() if self.family == "any" else None
        als = best.als if isinstance(best, AlsWithPriors) else best
        if not isinstance(als, Als):
            return None
        half_life_days = self.data.windows.half_life_days
        start = AlsWithPriors(als=als, priors=PriorWeights(half_life_days=half_life_days))
        return Space(
            partial(space.suggest_priors, als=als, half_life_days=half_life_days),
            partial(space.parameters_of_priors, als=als, half_life_days=half_life_days),
            [start],
        )

    @property
    def has_second(self) -> bool:
        """Whether a second space may follow."""
        return self.family in ("any", "als_with_priors")

    def _als(self) -> Space:
        suggest = partial(space.suggest, data=self.data)
        return Space(suggest, partial(space.parameters, data=self.data))

    def _items(self, starts: Sequence[AnyRecipe]) -> Space:
        return item_space(self.data, starts, with_ease=self.with_ease)


def _is_of_items(recipe: AnyRecipe) -> bool:
    return isinstance(recipe, ItemItem | Ease)

"""Errors of the engine.

EngineError
  x RecipeError           no recipe has this name, or the JSON describes none
  x NothingToLearnError   the training rows give the recipe nothing to learn from
  x TooManyItemsError     the catalogue is too large for this kind of recipe
"""


class EngineError(Exception):
    """Base class of every error that this package raises."""


class RecipeError(EngineError):
    """No recipe has this name, or the JSON describes none."""


class NothingToLearnError(EngineError):
    """The training rows give the recipe nothing to learn from. Send more events."""


class TooManyItemsError(EngineError):
    """The catalogue is too large for this kind of recipe, which takes at most `most` items."""

    def __init__(self, name: str, n_items: int, most: int) -> None:
        super().__init__(f"{name}: the catalogue has {n_items} items, at most {most} are possible")
        self.most = most

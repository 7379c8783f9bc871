"""What can go wrong in the engine.

EngineError
  x RecipeError           no recipe has this name, or the JSON is none of a recipe
  x NothingToLearnError   the rows hold nothing that the recipe could learn from
  x TooManyItemsError     the catalogue is too large for this kind of recipe
"""


class EngineError(Exception):
    """Base class of every error that this package raises."""


class RecipeError(EngineError):
    """No recipe has this name, or the JSON describes none."""


class NothingToLearnError(EngineError):
    """The training rows hold nothing that the recipe could learn from. Send more ratings."""


class TooManyItemsError(EngineError):
    """The catalogue is too large for this kind of recipe. Do without it, or raise its bound."""

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
    """The training rows give the recipe nothing to learn from. Send more ratings."""


class TooManyItemsError(EngineError):
    """The catalogue is too large for this kind of recipe. Remove the recipe or raise its bound."""

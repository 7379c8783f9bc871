"""Weightings: how a recipe turns ratings into signed strengths."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen value that rejects unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StarsFromThreshold(Value):
    """Ratings from the threshold on have strength 1; all others are ignored."""

    kind: Literal["stars_from_threshold"] = "stars_from_threshold"
    threshold: float


class MinusMidpoint(Value):
    """Strength = rating - midpoint, negative below the midpoint."""

    kind: Literal["minus_midpoint"] = "minus_midpoint"
    midpoint: float


class Centred(Value):
    """Strength = rating - (p x the user's mean + (1 - p) x the global mean) + epsilon.

    The user's mean is shrunk towards the global one by `shrinkage` pseudo-ratings. Epsilon makes
    an exact zero weakly positive.
    """

    kind: Literal["centred"] = "centred"
    p: float = Field(default=0.75, ge=0, le=1)
    shrinkage: float = Field(default=10, ge=0)
    epsilon: float = Field(default=1e-6, ge=0)


Weighting = Annotated[StarsFromThreshold | MinusMidpoint | Centred, Field(discriminator="kind")]

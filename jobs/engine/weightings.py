"""Weightings: how a recipe turns interactions into signed strengths."""

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


Saturation = Literal["binary", "log1p", "capped"]


class Events(Value):
    """Strength = sum over kinds of weight x saturation(amount) x decay since its newest event.

    The saturation of an amount above 0 is 1 (`binary`), log(1 + amount) (`log1p`) or
    min(amount, `cap`) (`capped`). A rating from `threshold` on adds the largest weight, decayed by
    the age of the pair.
    """

    kind: Literal["events"] = "events"
    weights: tuple[tuple[str, float], ...]
    saturation: Saturation = "log1p"
    cap: float = Field(default=5, gt=0)
    threshold: float | None = None


Weighting = Annotated[
    StarsFromThreshold | MinusMidpoint | Centred | Events, Field(discriminator="kind")
]

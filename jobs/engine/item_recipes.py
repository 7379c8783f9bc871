"""Recipes of item-item models: the score is a sum of weights from the user's positive items.

The sum has one term per positive item. So each list can be explained exactly, and computed online
after a new rating, without factors.
"""

import hashlib
from typing import Literal

from pydantic import Field

from jobs.engine.weightings import Value


class Recipe(Value):
    """Base class of recipes and baselines."""

    kind: str

    @property
    def name(self) -> str:
        """A label and six hex digits. A new optional field that is None changes no name."""
        text = self.model_dump_json(exclude_none=True)
        return f"{self._label}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    @property
    def _label(self) -> str:
        return self.kind


class ItemItem(Recipe):
    """Item-item kNN on positive interactions, for catalogues of any size.

    Each positive item adds the similarity of its nearest `neighbours` (Deshpande and Karypis 2004).

    - `cosine`: n_ij / (n_i^exponent n_j^(1 - exponent) + shrinkage), from the numbers of users of a
      positive item i and a neighbour j. The cosine has the exponent 0.5. A larger one favours
      popular neighbours (Aiolli 2013); 1 gives the share of the users of i who have j. The best
      exponent is 0.85 for hours of play and 0.4 for MovieLens 1M, both split at random.
    - `log_likelihood`: L / (L + shrinkage) for Dunning's (1993) log-likelihood ratio L of users who
      have both; 0 for items that share fewer users than by chance.
    """

    kind: Literal["item_item"] = "item_item"
    similarity: Literal["cosine", "log_likelihood"] = "cosine"
    neighbours: int = Field(default=200, ge=1, le=1000)
    shrinkage: float = Field(default=30, ge=0)
    exponent: float = Field(default=0.7, ge=0, le=1)

    @property
    def _label(self) -> str:
        return f"item_item_{self.similarity}_k{self.neighbours}"


class Ease(Recipe):
    """EASE, a linear autoencoder in closed form (Steck 2019). `reg` is the paper's lambda.

    With `neighbours`, only that many weights of each positive item are kept: those with the largest
    absolute values. `relevant_from`, the smallest positive rating of data with a scale, changes the
    recipe's name, not its fit.
    """

    kind: Literal["ease"] = "ease"
    relevant_from: float | None = None
    reg: float = Field(default=3000, gt=0)
    neighbours: int | None = Field(default=None, ge=1, le=1000)

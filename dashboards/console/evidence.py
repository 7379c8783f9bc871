"""The gate's evidence as the console shows it: values out of a verdict, and nothing drawn."""

from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.schemas import Verdict

ValueT = TypeVar("ValueT", bound=BaseModel)

HEADLINE = "ndcg@10"
Tone = Literal["ok", "warn", "bad", "run", "idle"]
WORDS: dict[str, tuple[Tone, str]] = {
    "first": ("ok", "First release"),
    "promote": ("ok", "Promoted"),
    "refresh": ("run", "Refreshed"),
    "hold": ("warn", "Held"),
}


class Comparison(BaseModel):
    """A recipe's figure; `difference` is the challenger's lead over it, with its 95 % interval."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    recipe: str
    role: str = ""
    metric: str = HEADLINE
    value: float
    n_users: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def interval(self) -> tuple[float, float, float] | None:
        """Difference, low and high, where all three are known."""
        if self.difference is None or self.low is None or self.high is None:
            return None
        return self.difference, self.low, self.high


class Line(BaseModel):
    """One line of the rule. `passed` is None where it did not apply."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: str
    passed: bool | None = None
    detail: str = ""


def lines(verdict: Verdict) -> list[Line]:
    """Return the rule line by line; what can't be read is left out."""
    return _read(Line, verdict.lines)


def comparisons(verdict: Verdict) -> list[Comparison]:
    """Return the headline's figures, best first; what can't be read is left out."""
    found = [each for each in _read(Comparison, verdict.metrics) if each.metric == HEADLINE]
    return sorted(found, key=lambda each: -each.value)


def challenger(found: Sequence[Comparison]) -> Comparison | None:
    """Return the challenger's figure."""
    return next((each for each in found if each.role == "challenger"), None)


def best_popularity(found: Sequence[Comparison]) -> Comparison | None:
    """Return the popularity that is hardest to beat."""
    return next((each for each in found if each.role == "popularity"), None)


def trend(verdicts: Sequence[Verdict]) -> list[float]:
    """Return the challengers' headline figures, oldest first."""
    each = [challenger(comparisons(verdict)) for verdict in reversed(verdicts)]
    return [found.value for found in each if found is not None]


def _read(kind: type[ValueT], rows: Sequence[dict[str, object]]) -> list[ValueT]:
    found = []
    for row in rows:
        try:
            found.append(kind.model_validate(row))
        except ValidationError:
            continue
    return found

"""Releases and the gate's verdicts."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer


class Release(Answer):
    """One complete set of lists. `live` is true for at most one release of a data set."""

    release_id: int
    recipe: str
    recipe_json: dict[str, object]
    verdict: str
    retrain_id: str = Field(description="`<dag id>/<run id>` of the retrain.")
    n_users: int
    n_items: int
    ready_at: datetime
    live: bool
    live_since: datetime | None = None
    publishing_paused_by: str | None = Field(
        default=None, description="The operator who paused publishing, if it is paused."
    )


class Activation(Answer):
    """An act on a release: published, made live, or publishing paused or resumed."""

    action: Literal["publish", "activate", "roll_back", "pause", "resume"]
    instead_of: int | None = Field(description="The release that was live before.")
    actor: str
    reason: str
    acted_at: datetime


class PastRelease(Release):
    """A release with its history. Deleted releases keep their row."""

    kept: bool = Field(description="Whether it can go live: its lists are not deleted.")
    live_until: datetime | None = Field(
        description="When it last ceased to be live; null if it is live or never was."
    )
    activations: tuple[Activation, ...] = Field(description="Newest first.")


class ItemShare(Answer):
    """The share of the compared users who have an item among their first ten."""

    item_id: str
    title: str
    before: float
    after: float


class ExampleLists(Answer):
    """One user's first ten titles in two releases."""

    user_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class ReleaseChanges(Answer):
    """What changed in the precomputed lists from one release to another, before slate rules."""

    release_id: int
    since: int = Field(description="The release that it is compared with.")
    n_users: int = Field(description="Compared users who are in both; a sample if there are many.")
    changed_share: float = Field(
        description="Share of these users who have other items among their first ten."
    )
    mean_new_items: float = Field(description="New items among a user's first ten, on average.")
    overlap: float = Field(
        description="Mean rank-biased overlap of a user's two lists, from 0 (no common item) to 1 "
        "(equal), over the first 50 ranks: Webber, Moffat and Zobel, 2010."
    )
    persistence: float = Field(
        description="The parameter p of the overlap: with 0.9, the first ten ranks have 86 % of "
        "its weight."
    )
    n_came: int = Field(description="Items among the first ten of some user only now.")
    n_went: int = Field(description="Items among the first ten of some user only before.")
    gained: tuple[ItemShare, ...] = Field(description="The largest gains, at most ten.")
    lost: tuple[ItemShare, ...] = Field(description="The largest losses, at most ten.")
    examples: tuple[ExampleLists, ...] = Field(description="Up to three users with changes.")


class Criterion(Answer):
    """One criterion of the gate."""

    criterion: str = Field(description="Name of the criterion.")
    passed: bool | None = Field(description="Null if the criterion did not apply.")
    detail: str


class Comparison(Answer):
    """One metric of one recipe on the gate's window."""

    recipe: str
    role: Literal["challenger", "champion", "popularity", "baseline"]
    slice: Literal["warm", "cold"] = Field(description="Users with (`warm`) or without history.")
    metric: str
    value: float
    n_users: int
    difference: float | None = Field(
        default=None,
        description="The challenger's lead over this recipe, with its 95 % interval from `low` to "
        "`high`. Only for `ndcg@10` of warm users.",
    )
    low: float | None = None
    high: float | None = None

    @property
    def interval(self) -> tuple[float, float, float] | None:
        """Difference, low and high, if the recipe was compared with the challenger."""
        if self.difference is None or self.low is None or self.high is None:
            return None
        return self.difference, self.low, self.high


class Verdict(Answer):
    """The gate's decision on one retrain with its main evidence."""

    retrain_id: str
    verdict: Literal["first", "promote", "refresh", "hold"]
    reason: str = Field(description="One to four sentences.")
    recipe: str | None = Field(description="Name of the chosen recipe; null for `hold`.")
    criteria: tuple[Criterion, ...] = Field(description="The gate's criteria, in their order.")
    comparisons: tuple[Comparison, ...]
    decided_at: datetime

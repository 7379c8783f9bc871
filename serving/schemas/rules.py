"""Slate rules: what an operator decides about everybody's lists, and what that would change."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from serving.schemas.base import Answer, Asked, Id, Number, Words, like

CAP_WINDOW = 10  # caps and diversity look at so many neighbouring ranks
MAX_PINS = 20

_RULES: dict[str, JsonValue] = {
    "hide": ["1214"],
    "pin": [{"item_id": "6", "rank": 3}],
    "boost": [{"category": "Documentary", "by": 0.1}],
    "most_per_category": 5,
    "diversity": 0.2,
}


class Pin(Asked):
    """One item at one rank of everybody's list."""

    item_id: Id
    rank: int = Field(ge=1, le=MAX_PINS)


class Boost(Asked):
    """A lift, or with a minus a push down, of one category's items."""

    category: Words
    by: Annotated[Number, Field(ge=-1, le=1)] = Field(
        description="In units of the score's span between a person's best and hundredth item."
    )


class SlateRules(Asked):
    """What holds for everybody's lists: it reorders each person's 100 best.

    What somebody asks for by name he gets: search and item pages know no rules.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_RULES]})

    hide: tuple[Id, ...] = Field(
        default=(), max_length=1000, description="Items that are on no list and no shelf."
    )
    pin: tuple[Pin, ...] = Field(
        default=(),
        max_length=MAX_PINS,
        description="Shown to everybody but who rated or hid them. A pin heeds no cap; the ranks "
        "after it do.",
    )
    boost: tuple[Boost, ...] = Field(default=(), max_length=50)
    most_per_category: int | None = Field(
        default=None,
        ge=1,
        le=CAP_WINDOW,
        description=f"In any {CAP_WINDOW} neighbouring ranks. An item counts in each of its "
        "categories. A cap gives way where nothing else is left.",
    )
    most_per_vendor: int | None = Field(default=None, ge=1, le=CAP_WINDOW)
    only_available: bool = Field(
        default=False, description="Leave out what the product says it does not have now."
    )
    diversity: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0,
        description="Of maximal marginal relevance: 0 heeds the score alone, 1 alone how little an "
        f"item's categories are those of the {CAP_WINDOW - 1} ranks before.",
    )

    @model_validator(mode="after")
    def _must_not_contradict(self) -> Self:
        for name, found in (
            ("pin: a rank", [pin.rank for pin in self.pin]),
            ("pin: an item", [pin.item_id for pin in self.pin]),
            ("boost: a category", [boost.category for boost in self.boost]),
        ):
            if len({*found}) < len(found):
                raise ValueError(f"{name} is named twice")
        both = {pin.item_id for pin in self.pin} & {*self.hide}
        if both:
            raise ValueError(f"{min(both)} is pinned and hidden")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether lists stay as they are."""
        return self == SlateRules()


class RulesVersion(Answer):
    """One version of the rules; the newest holds. Version 0: nobody ever made any."""

    model_config = like(
        version=3,
        rules=_RULES,
        actor="ada",
        reason="festival week",
        created_at="2026-11-24T12:00:00Z",
    )

    version: int = Field(ge=0)
    rules: SlateRules
    actor: str | None = None
    reason: str = ""
    created_at: datetime | None = None


class NewRules(Asked):
    """What an operator sends to let other rules hold."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rules": _RULES, "instead_of": 2, "reason": "festival week"}]
        }
    )

    rules: SlateRules
    instead_of: int = Field(
        ge=0, le=2**53, description="The version that he saw; another one by now is refused."
    )
    reason: Words = Field(description="One sentence for whoever reads the history.")


class Availability(Asked):
    """What a product sends about its stock."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item_ids": ["6"], "available": False}]}
    )

    item_ids: tuple[Id, ...] = Field(min_length=1, max_length=1000)
    available: bool = Field(strict=True)


class Changed(Answer):
    """How many items changed; items that were so before, or that nobody knows, do not count."""

    n_changed: int = Field(ge=0)


class SlateFigures(Answer):
    """How lists of ten do on the last window: the people's own later ratings are the judge."""

    ndcg: float
    recall: float
    coverage: float = Field(description="Share of the live release's items that is shown.")
    gini: float = Field(description="Of exposure: 0 all items alike, 1 one item alone.")
    diversity: float = Field(description="1 minus the mean cosine of the categories of two of ten.")


class Exposure(Answer):
    """The share of all places that a category or a vendor has, before and after."""

    kind: Literal["category", "vendor"]
    name: str
    before: float
    after: float


class RulesPreview(Answer):
    """What rules would change in the lists of the last window, beside no rules and those of now.

    The lists are those of the recipe that the last retrain chose, fitted on the rows before the
    window. What the product has in stock is as it is now.
    """

    retrain_id: str
    recipe: str
    n_users: int = Field(description="People who are judged: a sample where there are many.")
    without: SlateFigures = Field(description="Without any rules.")
    before: SlateFigures = Field(description="Under the rules that hold now.")
    after: SlateFigures = Field(description="Under the rules in question.")
    ndcg_change: float = Field(description="Mean over people, after minus before.")
    low: float = Field(description="95 % interval of the change, over people.")
    high: float
    changed_share: float = Field(description="Share of people whose ten change.")
    exposure: tuple[Exposure, ...] = Field(description="Those that change most, at most 20.")

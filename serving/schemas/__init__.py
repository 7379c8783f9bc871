"""Requests and answers of the API: one module per noun."""

# ruff: noqa: F401 # every import is a re-export
# mypy: implicit-reexport

from serving.schemas.base import Id
from serving.schemas.catalogue import About, Item, ItemPage
from serving.schemas.explanations import Explanation, ListStatus, ScoreTerm, TermKind
from serving.schemas.feedback import EventKind, Hide, HideKind, OutboxState, Rating, Receipt
from serving.schemas.lists import (
    AnonymousUser,
    GivenRating,
    ListedItem,
    ListKind,
    Reason,
    Recommendations,
    Shelf,
    SimilarItems,
)
from serving.schemas.releases import Comparison, Criterion, Release, Verdict
from serving.schemas.rules import (
    Availability,
    Boost,
    Changed,
    Exposure,
    NewRules,
    Pin,
    RulesPreview,
    RulesVersion,
    SlateFigures,
    SlateRules,
)
from serving.schemas.states import AllReadiness, Health, Problem, Readiness
from serving.schemas.users import (
    Erasure,
    ErasureState,
    Export,
    NewErasures,
    NewUser,
    RatedItem,
    RatingsPage,
    User,
)

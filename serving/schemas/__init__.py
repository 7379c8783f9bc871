"""Requests and answers of the API: one module per noun."""

from serving.schemas.base import Id, Number, Timestamp
from serving.schemas.catalogue import About, Item, ItemPage
from serving.schemas.explanations import Explanation, ListStatus, ScoreTerm, TermKind
from serving.schemas.feedback import EventKind, Hide, HideKind, OutboxState, Rating, Receipt
from serving.schemas.lists import (
    AnonymousUser,
    GivenRating,
    ListedItem,
    ListKind,
    Reason,
    ReasonKind,
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
from serving.schemas.users import Erasure, NewUser, RatedItem, RatingsPage, User

__all__ = [
    "About",
    "AllReadiness",
    "AnonymousUser",
    "Availability",
    "Boost",
    "Changed",
    "Comparison",
    "Criterion",
    "Erasure",
    "EventKind",
    "Explanation",
    "Exposure",
    "GivenRating",
    "Health",
    "Hide",
    "HideKind",
    "Id",
    "Item",
    "ItemPage",
    "ListKind",
    "ListStatus",
    "ListedItem",
    "NewRules",
    "NewUser",
    "Number",
    "OutboxState",
    "Pin",
    "Problem",
    "RatedItem",
    "Rating",
    "RatingsPage",
    "Readiness",
    "Reason",
    "ReasonKind",
    "Receipt",
    "Recommendations",
    "Release",
    "RulesPreview",
    "RulesVersion",
    "ScoreTerm",
    "Shelf",
    "SimilarItems",
    "SlateFigures",
    "SlateRules",
    "TermKind",
    "Timestamp",
    "User",
    "Verdict",
]

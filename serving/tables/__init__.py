"""The Postgres schema of one data set. Migrations are generated from this module.

Lists are one row per person, item or segment and release, arrays inside: a fifth of the size of a
row per rank. No row of a release is seen before `live_release` names it.
"""

from serving.tables.access import ApiKey, Erasure, UserToken
from serving.tables.base import Base
from serving.tables.catalogue import About, Item, UnavailableItem
from serving.tables.feedback import Feedback, OutboxCursor, OutboxEvent
from serving.tables.lists import (
    FallbackList,
    ItemFactors,
    Profile,
    Recommendation,
    SimilarItems,
)
from serving.tables.releases import Activation, LivePointer, Release, Verdict
from serving.tables.rules import RulesVersion, Slate, WindowList

__all__ = [
    "About",
    "Activation",
    "ApiKey",
    "Base",
    "Erasure",
    "FallbackList",
    "Feedback",
    "Item",
    "ItemFactors",
    "LivePointer",
    "OutboxCursor",
    "OutboxEvent",
    "Profile",
    "Recommendation",
    "Release",
    "RulesVersion",
    "SimilarItems",
    "Slate",
    "UnavailableItem",
    "UserToken",
    "Verdict",
    "WindowList",
]

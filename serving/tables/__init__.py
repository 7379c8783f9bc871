"""The Postgres schema of one data set. Migrations are generated from this module.

A list is one row with arrays: a fifth of the size of a row per rank.
"""

from serving.tables.access import ApiKey, Erasure, UserToken
from serving.tables.base import Base
from serving.tables.catalogue import About, Item, UnavailableItem
from serving.tables.feedback import Feedback, OutboxCursor, OutboxEvent
from serving.tables.lists import (
    LISTS,
    RELEASE_TABLES,
    FallbackList,
    ItemFactors,
    Profile,
    Recommendation,
    SimilarItems,
)
from serving.tables.releases import Activation, LivePointer, Release, Verdict
from serving.tables.rules import RulesVersion, Slate, WindowList

__all__ = [
    "LISTS",
    "RELEASE_TABLES",
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

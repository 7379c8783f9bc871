"""The Postgres schema of one data set. Migrations are generated from this module.

A list is one row with arrays: a fifth of the size of a row per rank.
"""

# ruff: noqa: F401 # every import is a re-export
# mypy: implicit-reexport

from serving.tables.access import ApiKey, Erasure, UserToken
from serving.tables.audit import AuditEntry
from serving.tables.base import Base
from serving.tables.catalogue import (
    About,
    Item,
    ItemChange,
    ItemChangesCursor,
    UnavailableItem,
)
from serving.tables.feedback import Feedback, OutboxCursor, OutboxEvent, ShownList
from serving.tables.lists import (
    LISTS,
    OPTIONAL_COLUMNS,
    RELEASE_TABLES,
    ContentWeights,
    FallbackList,
    ItemFactors,
    Profile,
    Recommendation,
    SimilarItems,
    TakenTogether,
)
from serving.tables.monitoring import Alert, Measurement
from serving.tables.placements import PlacementVersion
from serving.tables.quarantine import QuarantineDecision
from serving.tables.releases import Activation, LivePointer, Release, Verdict
from serving.tables.rules import RulesVersion, Slate, WindowList
from serving.tables.users import UserAttributes, UserAttributesCursor

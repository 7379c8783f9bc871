"""Requests and answers of the API: one module per noun."""

# ruff: noqa: F401 # every import is a re-export
# mypy: implicit-reexport

from serving.schemas.base import Id
from serving.schemas.batches import InvalidChange
from serving.schemas.catalogue import (
    About,
    AttributeType,
    Display,
    Item,
    ItemDetails,
    ItemOrder,
    ItemPage,
    KindMeaning,
)
from serving.schemas.events import (
    EventResult,
    EventResults,
    EventStatus,
    ExportedEvent,
    InvalidEvent,
    KindEvent,
    KindEvents,
    NewEvent,
    NewEvents,
)
from serving.schemas.explanations import Explanation, ListStatus, ScoreTerm, TermKind
from serving.schemas.feedback import (
    FeedbackState,
    Hide,
    HideKind,
    OutboxState,
    Rating,
    Receipt,
    SentKind,
    UndoReceipt,
)
from serving.schemas.item_changes import (
    ItemChange,
    ItemChanges,
    ItemContent,
    ItemOutcome,
    ItemOutcomes,
    ItemPatch,
    ItemReceipt,
)
from serving.schemas.lists import (
    AnonymousUser,
    GivenRating,
    ListedItem,
    ListKind,
    Reason,
    Recommendations,
    Shelf,
    SimilarItems,
    TakenTogether,
)
from serving.schemas.operators.acts import (
    ApiKey,
    Because,
    ChangeOfRelease,
    CreatedApiKey,
    KeyScope,
    LiveState,
    NewApiKey,
)
from serving.schemas.operators.audit import Action, AuditEntry, AuditPage
from serving.schemas.operators.backtests import NewBacktest, StartedBacktest
from serving.schemas.operators.inspections import (
    Cause,
    ComparedItem,
    InspectedItem,
    InspectedRelease,
    ItemForUser,
    ItemInspection,
    ItemStatus,
    ListedFor,
    Obstacle,
    RankBand,
    RuleEffect,
    RuleKind,
    Share,
    UserEvent,
    UserInspection,
    UserStatus,
    ViewRecord,
)
from serving.schemas.operators.quarantine import (
    RELEASABLE,
    NewDecision,
    QuarantineDecision,
    ReleasableCheck,
)
from serving.schemas.operators.releases import (
    Activation,
    Comparison,
    Criterion,
    ExampleLists,
    ItemShare,
    PastRelease,
    Release,
    ReleaseChanges,
    Verdict,
)
from serving.schemas.operators.retrains import DagRun, NewRetrain, ParameterValue, RetrainAnswer
from serving.schemas.operators.uploads import NewUpload, Upload
from serving.schemas.placements import (
    EarlierPlacement,
    FilledShelf,
    NewPlacement,
    Placement,
    PlacementPreview,
    PlacementShelf,
    PlacementTrial,
    PlacementVersion,
    ShelfSource,
    TriedShelf,
)
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
from serving.schemas.states import AllReadiness, Health, Problem, Readiness, TableSize
from serving.schemas.user_changes import (
    UserChange,
    UserChanges,
    UserContent,
    UserOutcome,
    UserOutcomes,
    UserReceipt,
)
from serving.schemas.users import (
    Erasure,
    ErasureState,
    Export,
    ExportedUser,
    NewErasures,
    NewUser,
    OpenErasures,
    RatedItem,
    RatingsPage,
    User,
    UserRegistration,
)

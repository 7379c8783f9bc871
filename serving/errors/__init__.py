"""What can go wrong on the serving side.

ServingError
  x ApiError                          what the API answers and its client raises
    x UnknownBacktestError            Airflow has no DAG for backtests of the data set
    x BacktestActiveError             a backtest has not ended
    x UnknownPlacementError           the data set has no placement of this name
    x PlacementChangedError           the placement changed since the caller looked
    x NoReleaseError                  the data set has no release yet
    x ReleaseNotReadyError            the release cannot go live: unknown, incomplete or retired
    x LiveReleaseChangedError         another release went live since the caller looked
    x NoEarlierReleaseError           there is no older release to go back to
    x RulesChangedError               the slate rules changed since the caller looked
    x NoWindowListsError              there are no window lists to preview rules on
    x UnknownDatasetError             the data set is not served here
    x KeyRefusedError                 the key is missing or wrong
      x ScopeMissingError             the key lacks the scope
    x RequestRefusedError             a parameter or the body is invalid
      x OffScaleError                 the rating is not on the data set's scale
      x UnknownKindError              the data set has no such kind of event
      x BodyTooLargeError             the body has too many bytes
      x PathTooLongError              the path has too many bytes
      x UnknownAttributeError         the manifest does not declare the attribute of items
      x UnknownCategoryError          a filter names a category that no item has
      x FilterRefusedError            a filter cannot be read
    x UnknownKeyError                 the data set has no API key of this name
    x CheckNotReleasableError         rows that fail the check cannot be accepted
    x OperatorsNotConfiguredError     the API has no address of Airflow
    x TooManyRequestsError            the key exceeds its rate limit
      x QuotaExceededError            the key has used its quota of today
    x ApiUnavailableError             the API or its database does not answer; retry
      x TooManyComparisonsError       too many previews and inspections are computed
      x TooManyChangesError           too many changes wait, or another one holds a lock
      x TooManySearchesError          too many searches of the key are computed or wait
      x OperatorCheckUnavailableError Airflow does not answer, so operators cannot be checked
      x SchemaUnknownError            the database's schema does not match this code
    x UnknownRunError                 Airflow does not know the run, or has not loaded its DAG
    x RetrainActiveError              a retrain has not ended
    x RetrainEndedError               the retrain has ended, so it cannot be stopped
    x NoQuestionError                 the retrain does not wait for an answer
    x OwnRetrainError                 the account started the retrain: another one must approve
    x UnknownUserError                the live release does not have the user
    x UnknownItemError                the catalogue does not have the item
    x UnknownEventError               the user has no such event
    x IdempotencyKeyReusedError       the idempotency key belongs to another event
    x FeedbackChangedError            a newer event changed the feedback that is to be restored
    x UserExistsError                 the id is in use, with another token or without one
    x UserErasedError                 the user was erased: no event is accepted for this id
  x PublishingPausedError             an operator paused publishing
  x IncompleteReleaseError            the lists do not match the fit: nothing was published
  x OutboxRestoredError               the outbox is older than what was collected from it
"""

# ruff: noqa: F401 # every import is a re-export
# mypy: implicit-reexport

from serving.errors.backtests import BacktestActiveError, UnknownBacktestError
from serving.errors.base import (
    ApiError,
    ServingError,
)
from serving.errors.placements import PlacementChangedError, UnknownPlacementError
from serving.errors.releases import (
    IncompleteReleaseError,
    LiveReleaseChangedError,
    NoEarlierReleaseError,
    NoReleaseError,
    NoWindowListsError,
    PublishingPausedError,
    ReleaseNotReadyError,
    RulesChangedError,
)
from serving.errors.requests import (
    ApiUnavailableError,
    BodyTooLargeError,
    CheckNotReleasableError,
    FilterRefusedError,
    KeyRefusedError,
    OffScaleError,
    OperatorCheckUnavailableError,
    OperatorsNotConfiguredError,
    PathTooLongError,
    QuotaExceededError,
    RequestRefusedError,
    SchemaUnknownError,
    ScopeMissingError,
    TooManyChangesError,
    TooManyComparisonsError,
    TooManyRequestsError,
    TooManySearchesError,
    UnknownAttributeError,
    UnknownCategoryError,
    UnknownDatasetError,
    UnknownKeyError,
    UnknownKindError,
)
from serving.errors.retrains import (
    NoQuestionError,
    OwnRetrainError,
    RetrainActiveError,
    RetrainEndedError,
    UnknownRunError,
)
from serving.errors.users import (
    FeedbackChangedError,
    IdempotencyKeyReusedError,
    OutboxRestoredError,
    UnknownEventError,
    UnknownItemError,
    UnknownUserError,
    UserErasedError,
    UserExistsError,
)

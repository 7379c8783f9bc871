"""The routes by which a product changes the attributes of users."""

from collections.abc import Sequence

from fastapi import Response

from serving import schemas
from serving.api import problems
from serving.api.authentication import Sender, apart_from_lists
from serving.api.routes.feedback import DailyQuotas
from serving.api.routes.parameters import UserId, as_json
from serving.api.routes.routers import CHANGE, router
from serving.errors import ApiError, RequestRefusedError
from serving.schemas import InvalidChange, UserChange, UserOutcome, UserReceipt
from serving.user_attributes import changes
from serving.user_attributes.changes import Change
from serving.users.quotas import Quotas

attributes = router(CHANGE, "users")
batches = router(CHANGE, "users", in_batches=True)


@attributes.put(
    "/users/{user_id:id}/attributes",
    response_model=schemas.UserReceipt,
    responses=problems.documented(410),
    summary="Set a user's attributes",
)
@apart_from_lists
def put_attributes(
    quotas: DailyQuotas, caller: Sender, user_id: UserId, body: schemas.UserContent
) -> Response:
    """Replaces all attributes of the user, who need not exist. The next list uses the new segment.

    The request can be repeated.
    """
    with caller.transaction() as authorized:
        names = changes.declared(authorized.connection)
        change = changes.checked(user_id, body.attributes, names)
        quotas.check(caller.dataset, authorized.name, "attributes")
        receipt = changes.apply(authorized.connection, change, sent_by=authorized.name)
    quotas.count(caller.dataset, authorized.name, "attributes")
    return as_json(receipt)


@batches.post(
    "/user-attributes",
    response_model=schemas.UserOutcomes,
    summary="Set the attributes of up to 1,000 users",
)
@apart_from_lists
def change_attributes(quotas: DailyQuotas, caller: Sender, body: schemas.UserChanges) -> Response:
    """Each user has an outcome: a refused change does not stop the others.

    All that are accepted are committed when the API answers.
    """
    with caller.transaction() as authorized:
        names = changes.declared(authorized.connection)
        parsed = _within(quotas, caller.dataset, authorized.name, _parsed(body.users, names))
        accepted = [change for change in parsed if isinstance(change, Change)]
        receipts = changes.write(authorized.connection, accepted, names, sent_by=authorized.name)
        pairs = zip(body.users, parsed, strict=True)
        outcomes = tuple(_outcome(sent, change, receipts) for sent, change in pairs)
        n_refused = sum(outcome.status == "refused" for outcome in outcomes)
        # before the commit: what cannot be answered is not written
        answer = as_json(schemas.UserOutcomes(users=outcomes, n_refused=n_refused))
    quotas.count(caller.dataset, authorized.name, "attributes", n=len(outcomes) - n_refused)
    return answer


def _parsed(
    sent: Sequence[UserChange | InvalidChange], names: Sequence[str]
) -> list[Change | ApiError]:
    return [_change(change, names) for change in sent]


def _change(sent: UserChange | InvalidChange, names: Sequence[str]) -> Change | ApiError:
    """Return the change, or why it is not valid."""
    if isinstance(sent, InvalidChange):
        return RequestRefusedError(sent.problem)
    try:
        return changes.checked(sent.user_id, sent.attributes, names)
    except ApiError as error:
        return error


def _within(
    quotas: Quotas, dataset: str, key_name: str, parsed: Sequence[Change | ApiError]
) -> list[Change | ApiError]:
    """Return the changes with errors for those that exceed the key's quota of today."""
    within, n_changed = list[Change | ApiError](), 0
    for change in parsed:
        refusal = quotas.refusal(dataset, key_name, "attributes", after=n_changed)
        within.append(change if isinstance(change, ApiError) or refusal is None else refusal)
        n_changed += isinstance(within[-1], Change)
    return within


def _outcome(
    sent: UserChange | InvalidChange,
    change: Change | ApiError,
    receipts: dict[str, UserReceipt],
) -> UserOutcome:
    try:
        if isinstance(change, ApiError):
            raise change
        receipt = changes.receipt_of(change.user_id, receipts)
    except ApiError as error:
        sent_id = sent.sent_id if isinstance(sent, InvalidChange) else sent.user_id
        return UserOutcome(user_id=sent_id, status="refused", **problems.refusal(error))
    return UserOutcome(
        user_id=receipt.user_id,
        status="accepted",
        segment=receipt.segment,
        changed_at=receipt.changed_at,
    )

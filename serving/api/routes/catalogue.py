"""The routes by which a product changes its catalogue."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Response

from serving import schemas
from serving.api import problems
from serving.api.authentication import Caller, Cataloguer, apart_from_lists
from serving.api.routes.feedback import DailyQuotas
from serving.api.routes.parameters import ItemId, as_json
from serving.api.routes.routers import CHANGE, router
from serving.catalogue_changes import changes
from serving.catalogue_changes.changes import Change, Editor
from serving.errors import ApiError, RequestRefusedError
from serving.schemas import InvalidChange, ItemChange, ItemContent, ItemOutcome, ItemPatch
from serving.users.quotas import Quotas

catalogue = router(CHANGE, "catalogue")
batches = router(CHANGE, "catalogue", in_batches=True)


@catalogue.put(
    "/items/{item_id:id}", response_model=schemas.ItemReceipt, summary="Create or replace an item"
)
@apart_from_lists
def put_item(
    quotas: DailyQuotas, caller: Cataloguer, item_id: ItemId, body: schemas.ItemContent
) -> Response:
    """The change is visible at once, on every page and list. It brings a removed item back.

    The request can be repeated.
    """
    return _change(quotas, caller, Change(item_id, body))


@catalogue.patch(
    "/items/{item_id:id}", response_model=schemas.ItemReceipt, summary="Change an item"
)
@apart_from_lists
def patch_item(
    quotas: DailyQuotas, caller: Cataloguer, item_id: ItemId, body: schemas.ItemPatch
) -> Response:
    """Changes the fields that are sent."""
    return _change(quotas, caller, Change(item_id, body))


@catalogue.delete(
    "/items/{item_id:id}", response_model=schemas.ItemReceipt, summary="Remove an item"
)
@apart_from_lists
def remove_item(quotas: DailyQuotas, caller: Cataloguer, item_id: ItemId) -> Response:
    """The item is on no page and list from then on; users' histories still name it."""
    return _change(quotas, caller, Change(item_id, None))


@batches.post("/items", response_model=schemas.ItemOutcomes, summary="Change up to 1,000 items")
@apart_from_lists
def change_items(quotas: DailyQuotas, caller: Cataloguer, body: schemas.ItemChanges) -> Response:
    """Changes are made in their order and committed together; each has an outcome.

    A refused change does not stop the others.
    """
    with caller.transaction() as authorized:
        parsed = [_parsed(sent) for sent in body.items]
        made = [change for change in parsed if isinstance(change, Change)]
        check_quota = _quota(quotas, caller.dataset, authorized.name)
        editor = Editor(authorized.connection, made, check_quota)
        pairs = zip(body.items, parsed, strict=True)
        outcomes = tuple(_outcome(editor, sent, change) for sent, change in pairs)
        n_changed = editor.write(sent_by=authorized.name)
        n_refused = sum(outcome.status == "refused" for outcome in outcomes)
        # before the commit: the next batch waits for it, and what cannot be answered is not written
        answer = as_json(schemas.ItemOutcomes(items=outcomes, n_refused=n_refused))
        quotas.count(caller.dataset, authorized.name, "items", n=n_changed)
    return answer


def _change(quotas: Quotas, caller: Caller, change: Change) -> Response:
    with caller.transaction() as authorized:
        name = authorized.name
        check_quota = _quota(quotas, caller.dataset, name)
        receipt = changes.apply(
            authorized.connection, change, sent_by=name, check_quota=check_quota
        )
        answer = as_json(receipt)
        quotas.count(caller.dataset, name, "items", n=int(receipt.status != "unchanged"))
    return answer


def _quota(quotas: Quotas, dataset: str, key_name: str) -> Callable[[int], None]:
    """Return a check of the quota; it gets the number of changes that are not counted yet."""
    return lambda n_changed: quotas.check(dataset, key_name, "items", after=n_changed)


def _parsed(sent: ItemChange | InvalidChange) -> Change | ApiError:
    """Return the change, or why it is not valid."""
    if isinstance(sent, InvalidChange):
        return RequestRefusedError(sent.problem)
    content: ItemContent | ItemPatch | None = None
    fields = {name: getattr(sent, name) for name in sent.model_fields_set - {"item_id", "action"}}
    if sent.action == "put":
        content = ItemContent.model_validate(_without_nulls(fields))
    elif sent.action == "patch":
        content = ItemPatch.model_validate(fields)
    return Change(sent.item_id, content)


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    if "attributes" in given:
        given["attributes"] = _without_nulls(given["attributes"])
    return given


def _outcome(
    editor: Editor, sent: ItemChange | InvalidChange, change: Change | ApiError
) -> ItemOutcome:
    try:
        if isinstance(change, ApiError):
            raise change
        receipt = editor.change(change)
    except ApiError as error:
        sent_id = sent.sent_id if isinstance(sent, InvalidChange) else sent.item_id
        return ItemOutcome(item_id=sent_id, status="refused", **problems.refusal(error))
    return ItemOutcome(
        item_id=receipt.item_id, status=receipt.status, changed_at=receipt.changed_at
    )

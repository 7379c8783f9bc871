"""The routes of slate rules, which are operators', and of stock, which is the product's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serving import schemas
from serving.api import problems
from serving.api.operators import OperatorCaller, operator
from serving.api.routes.parameters import Ask, as_json
from serving.rules import preview, store

Operator = Annotated[OperatorCaller, Depends(operator)]

operate = APIRouter(
    prefix="/v1/{dataset}", responses=problems.documented(401, 403, 404, 413, 422, 429, 503)
)


@operate.get(
    "/rules", response_model=schemas.RulesVersion, tags=["rules"], summary="The rules that hold"
)
def live(ask: Operator) -> Response:
    """Version 0, and no rules, if nobody ever made any."""
    with ask.reading() as operating:
        return as_json(store.live(operating.connection))


@operate.get(
    "/rules/history",
    response_model=list[schemas.RulesVersion],
    tags=["rules"],
    summary="Who made which rules, and why",
)
def history(ask: Operator, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """Newest first. Going back to older rules is making them anew."""
    with ask.reading() as operating:
        return as_json(store.history(operating.connection, limit=limit))


@operate.put(
    "/rules",
    response_model=schemas.RulesVersion,
    responses=problems.documented(409),
    tags=["rules"],
    summary="Let other rules hold",
)
def replace(ask: Operator, body: schemas.NewRules) -> Response:
    """They hold for the next list that anybody reads. Preview them first."""
    with ask.transaction() as operating:
        made = store.replace(operating.connection, body, actor=operating.name)
    return as_json(made)


@operate.post(
    "/rules/preview",
    response_model=schemas.RulesPreview,
    tags=["rules"],
    summary="What rules would change",
)
def tried(ask: Operator, body: schemas.SlateRules) -> Response:
    """Tried on the lists of the last retrain's window; nothing is written."""
    with ask.reading() as operating:
        return as_json(preview.preview(operating.connection, body))


@operate.put(
    "/availability",
    response_model=schemas.Changed,
    tags=["catalogue"],
    summary="What the product has in stock",
)
def availability(ask: Ask, body: schemas.Availability) -> Response:
    """Needs a key with the scope `operate`. Lists heed it where a rule says so."""
    with ask.transaction("operate") as writing:
        changed = store.set_availability(
            writing.connection, body.item_ids, available=body.available
        )
    return as_json(schemas.Changed(n_changed=changed))

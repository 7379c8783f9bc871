"""The app in front of a real API: a small shop with views, carts and purchases, and prices."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.client import Client
from serving.schemas import ItemChange
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.dashboards import streamlit_server
from tests.support.serving import live_shop, shop
from tests.support.serving.api_server import running_api
from tests.support.serving.server import as_role

ABOUT = {
    "lowest": 0.0,
    "highest": 1.0,  # the scale of a manifest without one
    "kinds": {
        "view": shop.kind(past="viewed"),
        "cart": shop.kind(weight=3, past="added {} to the basket"),
        "purchase": shop.kind(weight=5, positive_from=0, repeatable=False, past="bought"),
    },
}
WEIGHTS = {"kind_weights": {"purchase": 5.0, "cart": 3.0, "view": 1.0}}
SIMILAR, TOGETHER = {"f2": {"f3": 0.5, "f1": 0.4}}, {"f2": {"o1": 20.0, "o2": 10.0}}


@dataclass(frozen=True)
class RealShop:
    """The address of the app, the name of its data set, and the client of the shop's product."""

    app: str
    dataset: str
    product: Client


@contextmanager
def serving(publisher: Engine, owner: Engine, committing: str, folder: Path) -> Iterator[RealShop]:
    """Publish the shop, and serve its API and the app while the block runs."""
    live_shop.release(
        publisher,
        constants=live_shop.EVENTS | WEIGHTS,
        similar=SIMILAR,
        together=TOGETHER,
        acts={},
        about=ABOUT,
    )
    dataset = schema_of(owner)
    with Session(owner) as session, session.begin():
        key = keys.create(session, "shop", ["read", "feedback", "catalogue"])
    with running_api(as_role(committing, "api")) as api:
        settings = {"DEMO_API_URL": api, "DEMO_KEYS_FILE": str(folder / "keys.json")}
        Path(settings["DEMO_KEYS_FILE"]).write_text(json.dumps({dataset: key}))
        headers = {"Authorization": f"Bearer {key}"}
        with (
            httpx2.Client(base_url=api, headers=headers, timeout=10) as http,
            streamlit_server.served(settings, folder / "app.log") as app,
        ):
            product = Client(http, dataset)
            product.change_items([_with_price(item_id) for item_id in live_shop.ITEMS])
            yield RealShop(app, dataset, product)


def _with_price(item_id: str) -> ItemChange:
    price = {"price": int(item_id[1:]) + 0.9}
    return ItemChange(item_id=item_id, action="patch", attributes=price)

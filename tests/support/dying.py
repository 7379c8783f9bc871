"""Programs that end by `kill -9` at a named place.

python -m tests.support.dying STEP ARGUMENTS…    with LANTERN_FAULT in the environment
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import faults
from jobs import collect
from serving.schemas import About, NewEvent
from serving.storage import database
from serving.users import feedback
from serving.users.batches import writing
from serving.users.batches.writing import Budget
from serving.users.feedback import Event
from serving.users.quotas import Quotas
from tests.support.jobs.product import product
from tests.support.serving import shop
from warehouse.run_keys import RunKey

ROOT = Path(__file__).parents[2]
RUN_KEY = RunKey("product__collect", "one", "collect")


def publish(url: str, dataset: str, live: str) -> None:
    """Publish a second release instead of the one that is live."""
    shop.release(database.connect(url, dataset), "two", instead_of=int(live))


def rate(url: str, dataset: str) -> None:
    """Rate an item, as the API does."""
    event = Event("rate", "u", "a", 7.0, idempotency_key="of-this-click")
    with database.connect(url, dataset, autocommit=True).connect() as connection:
        feedback.accept(connection, event, sent_by="test")


def send(url: str, dataset: str) -> None:
    """Send a batch of events, as the API does."""
    engine, quotas = database.connect(url, dataset), Quotas(events=0, users=0)
    about = About.model_validate(shop.ABOUT | {"categories": (), "n_items": 4})
    kinds = ("view", "purchase", "rate")
    events = [
        NewEvent(kind=kind, user_id="u", item_id="a", value=7, event_id=f"of-this-{kind}")
        for kind in kinds
    ]
    with engine.begin() as connection:
        writing.accept(connection, events, about, Budget(quotas, dataset, "test"))


def collects(url: str, dataset: str, root: str) -> None:
    """Collect the outbox into the lake."""
    collect.run(root, product(), database.connect(url, dataset), run_key=RUN_KEY)


STEPS: dict[str, Callable[..., None]] = {
    "publish": publish, "rate": rate, "send": send, "collect": collects,
}  # fmt: skip


def dies(step: str, *arguments: str, at: str) -> None:
    """Run a step in a process of its own, which must die at the place."""
    done = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-m", "tests.support.dying", step, *arguments],
        cwd=ROOT, env=os.environ | {faults.VARIABLE: f"{at}:kill"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])

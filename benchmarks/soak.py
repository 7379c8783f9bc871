"""Users, collections and retrains for some minutes, while programs are killed at random.

    python -m benchmarks.soak [--minutes 10] [--seed 1] [--dataset playground]

Needs a running platform that has lists of the data set (`lantern demo`). Users rate, read their
lists, undo and are erased; collections and retrains run; every few seconds a random program is
killed by `kill -9`: the API, the app, Postgres, a part of Airflow, or a Spark driver. After each
burst of kills the platform must be healthy again by itself. Prints the kills, what was done
meanwhile, and each invariant that was broken. Leaves the ratings of its users in the data set.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import psutil
from sqlalchemy import text

from airflow_api.client import AirflowError
from ops.machine import database as roles
from ops.machine import processes
from ops.machine.stack import Stack, running
from ops.machine.supervisord import PROGRAMS
from ops.terminal import demo, follow
from serving.client import Client
from serving.errors import ServingError
from serving.schemas import NewUser
from serving.storage import database
from tests.support import invariants
from warehouse.query import Lake
from warehouse.tables import BRONZE_FEEDBACK

DRIVER = "Spark driver"
VICTIMS = (*PROGRAMS, DRIVER)
KILLS_PER_BURST = 3
SECONDS_BETWEEN_KILLS = (3, 9)
RECOVERY_SECONDS = 180
N_RATINGS = 5  # of each user
SHARE_OF_ERASURES, SHARE_OF_UNDOS = 0.03, 0.1
AnswerT = TypeVar("AnswerT")


@dataclass
class Soak:
    """What was done so far. `events` has the user of each acknowledged key."""

    stack: Stack
    dataset: str
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    events: dict[str, str] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def users(self, number: int) -> None:
        """Create users who rate, read their list, sometimes undo or are erased, until the end."""
        chosen = random.Random(self.seed + number)  # noqa: S311 # not for secrets
        with demo.api_client(self.stack, self.dataset) as api:
            items = [item.item_id for item in until_answered(lambda: api.popular(limit=50)).items]
            while not self.over.is_set():
                user = until_answered(api.create_user)
                event_ids = [
                    self.rate(api, user.user_id, item_id, float(chosen.randint(1, 5)))
                    for item_id in chosen.sample(items, N_RATINGS)
                ]
                self.read(api, user.user_id, n_ratings=N_RATINGS)
                if chosen.random() < SHARE_OF_UNDOS:
                    self.undo(api, user.user_id, event_ids[-1])
                if chosen.random() < SHARE_OF_ERASURES:
                    self.erase(api, user)

    def rate(self, api: Client, user_id: str, item_id: str, rating: float) -> str:
        """Rate once, however often the request has to be sent; return the event's id."""
        key = str(uuid4())
        receipt = until_answered(lambda: api.rate(user_id, item_id, rating, idempotency_key=key))
        self.events[key] = user_id
        self.done["ratings"] += 1
        return receipt.event_id

    def undo(self, api: Client, user_id: str, event_id: str) -> None:
        """Undo a user's first rating of an item: they have one rating less."""
        until_answered(lambda: api.undo(user_id, event_id))
        self.done["undos"] += 1
        self.read(api, user_id, n_ratings=N_RATINGS - 1)

    def read(self, api: Client, user_id: str, *, n_ratings: int) -> None:
        """Read a list, and check that it is whole and has nothing that was rated."""
        answer = until_answered(lambda: api.recommendations(user_id, limit=20))
        rated = {item.item_id for item in until_answered(lambda: api.ratings(user_id)).items}
        ids = [item.item_id for item in answer.items]
        if len({*ids}) != len(ids) or {*ids} & rated or not ids:
            self.broken.append(f"the list of {user_id}: {ids}, rated {rated}")
        if len(rated) != n_ratings:
            self.broken.append(f"{user_id} has {len(rated)} ratings, not {n_ratings}")
        self.done["lists"] += 1

    def erase(self, api: Client, user: NewUser) -> None:
        """Erase a user by their token."""
        until_answered(lambda: api.erase(user.user_id, token=user.token))
        self.erased.add(user.user_id)
        self.done["erasures"] += 1

    def runs(self) -> None:
        """Collect and retrain in turn, until the end."""
        while not self.over.is_set():
            for name in ("collect", "collect", "retrain"):
                with suppress(AirflowError):
                    airflow = demo.airflow_client(self.stack)
                    airflow.trigger(f"{self.dataset}__{name}")
                    self.done[name] += 1
                self.over.wait(45)

    def kill_some(self, chosen: random.Random) -> None:
        """Kill random programs shortly after each other, and wait until all are healthy again."""
        victims = chosen.choices(VICTIMS, k=KILLS_PER_BURST)
        for victim in victims:
            self.kill(victim)
            time.sleep(chosen.uniform(*SECONDS_BETWEEN_KILLS))
        begun = time.monotonic()
        while not self.stack.is_up():
            if time.monotonic() - begun > RECOVERY_SECONDS:
                self.broken.append(f"not healthy {RECOVERY_SECONDS} s after kills of {victims}")
                return
            time.sleep(1)

    def kill(self, victim: str) -> None:
        """Kill a program, unless it is not running now."""
        pid = self.pid_of(victim)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills[victim] += 1

    def pid_of(self, victim: str) -> int | None:
        """Return the process of a program, or of a Spark driver; None if there is none."""
        if victim != DRIVER:
            return self.stack.supervisord.program(victim).pid or None
        for process in processes.of(self.stack.settings.folder):
            with suppress(psutil.Error):
                if psutil.Process(process.pid).name() == "java":
                    return process.pid
        return None

    def check(self) -> None:
        """Check Postgres and the lake after a last collection."""
        airflow = demo.airflow_client(self.stack)
        follow.follow(airflow, airflow.trigger(f"{self.dataset}__collect"))
        url = self.stack.server.url("lantern", roles.OWNER, self.stack.secrets.of(roles.OWNER))
        owner = database.connect(url, self.dataset)
        with owner.connect() as connection:
            rows = connection.execute(text("select idempotency_key, event_id from outbox")).all()
        invariants.assert_served(owner)
        owner.dispose()
        stored = Counter(row.idempotency_key for row in rows)
        for key, user_id in self.events.items():
            if stored[key] != (0 if user_id in self.erased else 1):
                self.broken.append(f"event {key} of {user_id} is stored {stored[key]} times")
        root = str(self.stack.settings.lake / self.dataset)
        lake = Counter(
            row["event_id"] for row in Lake(root).rows(BRONZE_FEEDBACK, columns=["event_id"])
        )
        lost = [row.event_id for row in rows if lake[row.event_id] != 1]
        if lost:
            self.broken.append(f"{len(lost)} events are not in the lake once: {lost[:3]}")


def until_answered(request: Callable[[], AnswerT]) -> AnswerT:
    """Send a request until it is answered: programs are killed meanwhile."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return request()
        except ServingError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def main() -> int:
    """Soak the platform; return 1 if an invariant was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dataset", default="playground")
    arguments = parser.parse_args()
    soak = Soak(running(), arguments.dataset, arguments.seed)
    threads = [threading.Thread(target=soak.users, args=(n,)) for n in range(2)]
    threads.append(threading.Thread(target=soak.runs))
    for thread in threads:
        thread.start()
    chosen, end = random.Random(arguments.seed), time.monotonic() + arguments.minutes * 60  # noqa: S311
    while time.monotonic() < end:
        soak.kill_some(chosen)
    soak.over.set()
    for thread in threads:
        thread.join()
    soak.check()
    print(f"seed {arguments.seed}: {soak.kills.total()} kills survived: {dict(soak.kills)}")
    print(f"meanwhile: {dict(soak.done)}")
    print(f"invariants broken: {len(soak.broken)}", *soak.broken, sep="\n  ")
    return int(bool(soak.broken))


if __name__ == "__main__":
    sys.exit(main())

"""What a process holds of the live release: its items, their factors, what is popular.

A release never changes, so it is read once, with titles as they are then. Who asks names the
release that his own statement saw; an answer therefore never mixes two. The one before is kept for
those who still ask for it.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from serving.errors import NoReleaseError
from serving.lists.fold_in import Constants, Floats, FoldIn, Positions
from serving.rules import store
from serving.rules.slate import Fields, Slate
from serving.schemas import Reason
from serving.storage import arrays

log = logging.getLogger(__name__)

KEPT = 2  # releases
MOST_TOLD = 2000  # people, 14 KB each for a list of 20

_RELEASE = text("select constants from releases where release_id = :release_id")
_SCALE = text("select lowest, highest from about")
_NOW = text("select release_id, revision from live_release cross join slate")
_ITEMS = text("select item_id, title, categories, vendor, released from items")
# "C" orders by bytes, which breaks ties.
_FACTORS = text(
    """
    select item_id, array_send(factors) as factors, popularity, trending
    from item_factors join items using (item_id)
    where release_id = :release_id order by item_id collate "C"
    """
)

Years = tuple[int | None, int | None]  # the first and the last; None: no bound
ALWAYS: Years = (None, None)


@dataclass(frozen=True)
class LoadedRelease:
    """One release. An item's place is its place by id as UTF-8 bytes: ties are broken by it.

    `catalogue` has everything with a title, by id; places have what the release knows of that.
    """

    release_id: int
    catalogue: Mapping[str, Fields]
    ids: tuple[str, ...]
    rows: NDArray[np.float32]  # (places, columns)
    popularity: NDArray[np.float32]
    trending: NDArray[np.float32]
    constants: Constants
    lowest: float  # of the scale
    highest: float
    fold_in: FoldIn
    _barred: dict[frozenset[str], NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @cached_property
    def items(self) -> tuple[Fields, ...]:
        """The item at each place."""
        return tuple(self.catalogue[item_id] for item_id in self.ids)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each item that the release knows."""
        return {item_id: place for place, item_id in enumerate(self.ids)}

    @cached_property
    def liking(self) -> Floats:
        """log(1 + popularity / its mean): what strangers' scores are blended with."""
        mean = max(float(self.popularity.mean()), 1e-12) if len(self.ids) else 1.0
        return np.log1p(self.popularity.astype(np.float64) / mean)

    @cached_property
    def by_category(self) -> dict[str, NDArray[np.bool_]]:
        """Which places each category has."""
        found: dict[str, NDArray[np.bool_]] = {}
        for place, item in enumerate(self.items):
            for category in item["categories"]:
                found.setdefault(category, np.zeros(len(self.ids), bool))[place] = True
        return found

    def outside(self, category: str | None) -> NDArray[np.bool_]:
        """Return which places are not of the category; none, if it is None."""
        if category is None:
            return np.zeros(len(self.ids), bool)
        return ~self.by_category.get(category, np.zeros(len(self.ids), bool))

    def barred(self, item_ids: frozenset[str]) -> NDArray[np.bool_]:
        """Return which places these have. What was asked last is remembered: it may be long."""
        found = self._barred.get(item_ids)
        if found is None:
            found = np.zeros(len(self.ids), bool)
            found[self.places_of(item_ids)] = True
            self._barred.clear()
            self._barred[item_ids] = found
        return found

    @cached_property
    def years(self) -> NDArray[np.float32]:
        """When each place's item was released; NaN where nobody knows."""
        found = [item["released"] for item in self.items]
        return np.array([np.nan if year is None else year for year in found], np.float32)

    def not_released(self, between: Years) -> NDArray[np.bool_]:
        """Return which places are of none of these years; no place, if there is no bound."""
        first, last = between
        if first is None and last is None:
            return np.zeros(len(self.ids), bool)
        after = self.years >= (-np.inf if first is None else first)
        return ~(after & (self.years <= (np.inf if last is None else last)))

    def places_of(self, item_ids: Iterable[str]) -> Positions:
        """Return the places of those of the items that the release knows."""
        known = [self.places[item_id] for item_id in item_ids if item_id in self.places]
        return np.array(known, np.int64)

    def listed(self, places: Positions, scores: NDArray[np.float32]) -> list[Fields]:
        """Return the items at these places with their ranks and scores."""
        return self.shown([self.ids[place] for place in places.tolist()], scores.tolist())

    def shown(self, item_ids: Sequence[str], scores: Sequence[float]) -> list[Fields]:
        """Return these items of the catalogue with their ranks and scores."""
        return [
            {**self.catalogue[item_id], "rank": rank, "score": score}
            for rank, (item_id, score) in enumerate(zip(item_ids, scores, strict=True), 1)
        ]


@dataclass(frozen=True)
class CachedReasons:
    """Reasons that a person was given, by item. They hold for as long as the release does."""

    release_id: int
    reasons: Mapping[str, Reason]


class ReleaseCache:
    """Holds one data set's releases, and the rules for its lists, for all of a process' threads.

    `told` has who was told reasons while no rule held and he had said nothing: his equations are
    not solved again for that, which would take two fifths of the answer's time.
    """

    def __init__(self) -> None:
        self.told: dict[str, CachedReasons] = {}
        self._lock = Lock()
        self._held: OrderedDict[int, LoadedRelease] = OrderedDict()
        self._slate = ((-1, -1), Slate())  # release, revision

    def now(self, connection: Connection) -> tuple[LoadedRelease, Slate]:
        """Return what is held of the live release, and the rules that hold.

        Raises:
            NoReleaseError: nothing was released yet.
        """
        found = connection.execute(_NOW).one_or_none()
        if found is None:
            raise NoReleaseError("Nothing was released yet.")
        held = self.of(connection, found.release_id)
        return held, self.slate(connection, held.release_id, found.revision)

    def of(self, connection: Connection, release_id: int) -> LoadedRelease:
        """Return what is held of the release. The first who asks reads it, the others wait."""
        found = self._held.get(release_id)
        if found is not None:
            return found
        with self._lock:
            if release_id not in self._held:
                self._held[release_id] = load(connection, release_id)
                self.told.clear()  # by another release
                while len(self._held) > KEPT:
                    self._held.popitem(last=False)
            return self._held[release_id]

    def tell(self, user_id: str, told: CachedReasons) -> None:
        """Remember what a person was told."""
        if len(self.told) >= MOST_TOLD:
            self.told.clear()  # in the order of time it would have to be locked
        self.told[user_id] = told

    def slate(self, connection: Connection, release_id: int, revision: int) -> Slate:
        """Return the rules as of this revision or a later one.

        They are read with each release anew: its catalogue may have what is pinned.
        """
        asked = (release_id, revision)
        held, slate = self._slate
        if held == asked:
            return slate
        with self._lock:
            if self._slate[0] != asked:
                now, slate = store.slate(connection)
                self._slate = ((release_id, now), slate)
            return self._slate[1]


def load(connection: Connection, release_id: int) -> LoadedRelease:
    """Return the release as it is in the database."""
    started = time.monotonic()
    constants = Constants.model_validate(connection.scalar(_RELEASE, {"release_id": release_id}))
    found = connection.execute(_FACTORS, {"release_id": release_id}).all()
    # Read last: what a publication adds meanwhile has its title here, whatever was read before.
    items = {item["item_id"]: dict(item) for item in connection.execute(_ITEMS).mappings()}
    ids, factors, popularity, trending = zip(*found, strict=True) if found else [()] * 4
    rows = arrays.matrix(factors)
    lowest, highest = connection.execute(_SCALE).one()
    log.info("held release=%d items=%d seconds=%.2f", release_id, len(ids), _since(started))
    return LoadedRelease(
        release_id=release_id,
        catalogue=items,
        ids=ids,
        rows=rows,
        popularity=np.array(popularity, np.float32),
        trending=np.array(trending, np.float32),
        constants=constants,
        lowest=lowest,
        highest=highest,
        fold_in=FoldIn(rows, constants),
    )


def _since(started: float) -> float:
    return time.monotonic() - started

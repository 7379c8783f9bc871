"""The API's placements, kept in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.placements.defaults import DEFAULTS
from serving.schemas import (
    EarlierPlacement,
    FilledShelf,
    ListedItem,
    NewPlacement,
    Placement,
    PlacementPreview,
    PlacementShelf,
    PlacementTrial,
    PlacementVersion,
    Recommendations,
    Shelf,
    SimilarItems,
    TakenTogether,
    TriedShelf,
)
from tests.support.dashboards import shop
from tests.support.dashboards.visitors import Visitors

CATEGORY = "Drama"  # everyone's favourite
HOSTILE = "<b>New</b> in $shop$"
DEFAULT = (
    PlacementShelf(title="Picked for you", source="for_you", limit=20),
    PlacementShelf(title=HOSTILE, source="new", limit=18, minimum=3),
)
CHANGED = (*DEFAULT, PlacementShelf(title="Once more", source="again", minimum=4))


def versions() -> dict[str, list[PlacementVersion]]:
    """Return two versions of `home`, newest first."""
    default = PlacementVersion(name="home", version=0, shelves=DEFAULT)
    first = default.model_copy(
        update={
            "version": 1,
            "shelves": CHANGED,
            "actor": "ada",
            "reason": "the <i>spring</i> sale",
            "created_at": shop.NOW,
        }
    )
    return {"home": [first, default]}


@dataclass
class FakePlacements:
    """Placements and their versions. `refusal` is the status and code of every answer, if set."""

    versions: dict[str, list[PlacementVersion]] = field(default_factory=versions)
    refusal: tuple[int, str] | None = None
    tried: list[PlacementTrial] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def answer(self, name: str, params: dict[str, str], visitors: Visitors) -> Placement | None:
        """Return the shelves of a placement; no item is on two of them."""
        if name not in self.versions and name not in DEFAULTS:
            return None
        version = self.versions[name][0] if name in self.versions else DEFAULTS[name]
        given, user_id = params.get("item_id", "").split("\n"), params.get("user_id", "")
        listed, item = visitors.recommendations(user_id, 100), shop.item(given[0])
        of_item = item.title if item else "{item}"
        seen = {item.item_id for item in visitors.ratings(user_id, 1000).items}
        taken = {*given, *seen, *visitors.hidden.get(user_id, ())}
        shelves = []
        for number, shelf in enumerate(version.shelves):
            found = [item for item in _found(shelf, listed, given[0]) if item.item_id not in taken]
            items = found[: shelf.limit]
            if len(items) >= shelf.minimum:
                taken |= {item.item_id for item in items}
                shelves.append(_filled(shelf, number, items, listed, of_item))
        return Placement(
            placement=name,
            version=version.version,
            user_id=user_id or None,
            release_id=12,
            recipe=listed.recipe,
            live_since=listed.live_since,
            n_new_ratings=listed.n_new_ratings,
            rules_version=0,
            shelves=tuple(shelves),
        )

    def active(self) -> list[PlacementVersion]:
        """Return the active version of each placement."""
        changed = {name: of_name[0] for name, of_name in self.versions.items()}
        return [version for _, version in sorted({**DEFAULTS, **changed}.items())]

    def history(self, name: str) -> list[PlacementVersion]:
        """Return the versions of a placement, newest first."""
        return self.versions.get(name) or [DEFAULTS[name]]

    def replace(
        self, name: str, body: dict[str, Any], actor: str
    ) -> PlacementVersion | tuple[int, str]:
        """Return the new version, or the problem if another one is active."""
        new = NewPlacement.model_validate(body)
        default = [DEFAULTS[name]] if name in DEFAULTS else []
        of_name = self.versions.setdefault(name, default)
        before = of_name[0].version if of_name else 0
        if before != new.instead_of:
            return 409, "placement-changed"
        version = PlacementVersion(
            name=name,
            version=before + 1,
            shelves=new.shelves,
            actor=actor,
            reason=new.reason,
            created_at=shop.NOW,
        )
        of_name.insert(0, version)
        self.reasons.append(new.reason)
        return version

    def activate(
        self, name: str, body: dict[str, Any], actor: str
    ) -> PlacementVersion | tuple[int, str]:
        """Return a new version with the shelves of an earlier one."""
        earlier = EarlierPlacement.model_validate(body)
        found = [v for v in self.versions.get(name, ()) if v.version == earlier.version]
        if not found:
            return 404, "unknown-placement"
        shelves = [shelf.model_dump(mode="json") for shelf in found[0].shelves]
        new = {"shelves": shelves, "instead_of": earlier.instead_of, "reason": earlier.reason}
        return self.replace(name, new, actor)

    def preview(self, body: dict[str, Any]) -> PlacementPreview | tuple[int, str]:
        """Return all shelves; those of `again` are left out."""
        trial = PlacementTrial.model_validate(body)
        self.tried.append(trial)
        if trial.user_id == "erased":
            return 410, "user-erased"
        if any(shelf.filter == "nonsense" for shelf in trial.shelves):
            return 422, "filter-refused"
        shelves = tuple(
            TriedShelf(
                title=shelf.title,
                source=shelf.source,
                kind=None,
                category=None,
                left_out="It has 0 items and needs at least 4."
                if shelf.source == "again"
                else None,
                items=()
                if shelf.source == "again"
                else shop.shelf(shelf.limit, start=number * 10).items,
            )
            for number, shelf in enumerate(trial.shelves)
        )
        return PlacementPreview(
            user_id=trial.user_id, release_id=12, rules_version=0, shelves=shelves
        )


def _found(shelf: PlacementShelf, listed: Recommendations, item_id: str) -> Sequence[ListedItem]:
    """Return the items of a source, before those that the shelf must not have are left out."""
    found: dict[str, Callable[[], Recommendations | SimilarItems | TakenTogether | Shelf | None]]
    found = {
        "for_you": lambda: listed,
        "similar": lambda: shop.similar(item_id, 100),
        "together": lambda: shop.together(item_id, 100),
        "popular_in_favourite_category": lambda: shop.shelf(100, category=CATEGORY),
        "trending": lambda: shop.shelf(100, start=20),
        "new": lambda: shop.shelf(100, start=40),
    }
    answer = found[shelf.source]() if shelf.source in found else None
    return answer.items if answer else ()


def _filled(
    shelf: PlacementShelf,
    number: int,
    items: Sequence[ListedItem],
    listed: Recommendations,
    of_item: str,
) -> FilledShelf:
    category = CATEGORY if shelf.source == "popular_in_favourite_category" else None
    return FilledShelf(
        list_id=f"{number:024x}",
        title=shelf.title.replace("{category}", CATEGORY).replace("{item}", of_item),
        source=shelf.source,
        kind=listed.kind if shelf.source == "for_you" else None,
        category=category,
        items=tuple(items),
    )

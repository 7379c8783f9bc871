"""The API's placements, kept in memory."""

from dataclasses import dataclass, field
from typing import Any

from serving.placements.defaults import DEFAULTS
from serving.schemas import (
    EarlierPlacement,
    FilledShelf,
    NewPlacement,
    Placement,
    PlacementPreview,
    PlacementShelf,
    PlacementTrial,
    PlacementVersion,
    TriedShelf,
)
from tests.support.dashboards import shop

HOSTILE = "<b>New</b> in $shop$"
DEFAULT = (
    PlacementShelf(title="Picked for you", source="for_you", limit=8),
    PlacementShelf(title=HOSTILE, source="new", limit=6, minimum=3),
)
CHANGED = (*DEFAULT, PlacementShelf(title="Once more", source="again", minimum=4))


def versions() -> dict[str, list[PlacementVersion]]:
    """Return two versions of `home` and one of `item`, newest first."""
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
    return {"home": [first, default], "item": [default.model_copy(update={"name": "item"})]}


@dataclass
class FakePlacements:
    """Placements and their versions. `refusal` is the status and code of every answer, if set."""

    versions: dict[str, list[PlacementVersion]] = field(default_factory=versions)
    refusal: tuple[int, str] | None = None
    tried: list[PlacementTrial] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def answer(self, name: str, params: dict[str, str]) -> Placement | None:
        """Return the shelves of a placement, each with other items."""
        if name not in self.versions and name not in DEFAULTS:
            return None
        version = self.versions[name][0] if name in self.versions else DEFAULTS[name]
        given = params.get("item_id", "").split("\n")
        shelves = tuple(
            FilledShelf(
                list_id=f"{number:024x}",
                title=shelf.title,
                source=shelf.source,
                kind="batch" if shelf.source == "for_you" else None,
                category=None,
                items=tuple(
                    item
                    for item in shop.shelf(shelf.limit, start=number * 10).items
                    if item.item_id not in given
                ),
            )
            for number, shelf in enumerate(version.shelves)
        )
        return Placement(
            placement=name,
            version=version.version,
            user_id=params.get("user_id"),
            release_id=12,
            rules_version=0,
            shelves=shelves,
        )

    def active(self) -> list[PlacementVersion]:
        """Return the active version of each placement."""
        return [of_name[0] for _, of_name in sorted(self.versions.items())]

    def replace(
        self, name: str, body: dict[str, Any], actor: str
    ) -> PlacementVersion | tuple[int, str]:
        """Return the new version, or the problem if another one is active."""
        new = NewPlacement.model_validate(body)
        of_name = self.versions.setdefault(name, [])
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
                left_out="It has 0 of at least 4 items." if shelf.source == "again" else None,
                items=()
                if shelf.source == "again"
                else shop.shelf(shelf.limit, start=number * 10).items,
            )
            for number, shelf in enumerate(trial.shelves)
        )
        return PlacementPreview(
            user_id=trial.user_id, release_id=12, rules_version=0, shelves=shelves
        )

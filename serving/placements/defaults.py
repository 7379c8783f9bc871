"""The placements that every data set has until an operator changes them: their version 0."""

from collections.abc import Mapping

from serving.schemas import PlacementShelf, PlacementVersion

_FOR_YOU = PlacementShelf(title="Picked for you", source="for_you", limit=20)
_FAVOURITE = PlacementShelf(
    title="Popular in {category}", source="popular_in_favourite_category", limit=20, minimum=3
)
_TRENDING = PlacementShelf(title="Trending now", source="trending", limit=20, minimum=3)
_NEW = PlacementShelf(title="New", source="new", limit=20, minimum=3)
_SIMILAR = PlacementShelf(title="Similar to {item}", source="similar", limit=20)
# one product alone in a row looks like a mistake, and the one just bought is not wanted again
_TOGETHER = PlacementShelf(title="Goes well with {item}", source="together", limit=12, minimum=2)
_AGAIN = PlacementShelf(title="Again for you", source="again", limit=12, minimum=3)

DEFAULTS: Mapping[str, PlacementVersion] = {
    name: PlacementVersion(name=name, version=0, shelves=shelves)
    for name, shelves in {
        "home": (_FOR_YOU, _FAVOURITE, _TRENDING, _NEW),
        "item": (_TOGETHER, _SIMILAR, _FOR_YOU),
        "basket": (
            _TOGETHER.model_copy(update={"title": "Goes well with your basket"}),
            PlacementShelf(title="Similar to what you chose", source="similar", limit=12),
            _AGAIN,
            _FOR_YOU,
        ),
        "email": (
            PlacementShelf(title="Picked for you", source="for_you", limit=8),
            PlacementShelf(title="New", source="new", limit=4),
        ),
    }.items()
}

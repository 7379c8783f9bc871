"""Why something is on a list: what a person liked, and which of it an item is most like."""

from collections.abc import Mapping, Sequence

from dashboards.text import figure
from serving.schemas import About, Item, RatedItem, Recommendations, SimilarItems

LIKED_FROM = 0.75  # of the way from the lowest rating to the highest


def liked(rated: Sequence[RatedItem], about: About, n: int) -> list[RatedItem]:
    """Return the `n` items that a person rated best, the newest first among equals."""
    floor = about.lowest + LIKED_FROM * (about.highest - about.lowest)
    best = [each for each in rated if each.rating >= floor]
    return sorted(best, key=lambda each: (-each.rating, -each.rated_at.timestamp()))[:n]


def nearest(
    listed: Sequence[Item], likes: Sequence[RatedItem], alike: Mapping[str, SimilarItems]
) -> dict[str, RatedItem]:
    """Return for each listed item the liked one that it is most like, where there is any.

    Args:
        listed: The items of a list.
        likes: What the person liked.
        alike: The similar items of each liked one, by its id.
    """
    wanted = {each.item_id for each in listed}
    best: dict[str, tuple[float, RatedItem]] = {}
    for like in likes:
        for found in alike[like.item_id].items if like.item_id in alike else ():
            score = best.get(found.item_id, (0.0, like))[0]
            if found.item_id in wanted and found.score > score:
                best[found.item_id] = (found.score, like)
    return {item_id: like for item_id, (_, like) in best.items()}


def standing(
    item_id: str, who: str, found: Recommendations, rated: Sequence[RatedItem], highest: float
) -> str:
    """Return what an item is to a person, as Markdown: rated, on his list, or neither."""
    given = next((each.rating for each in rated if each.item_id == item_id), None)
    if given is not None:
        return f":material/star: Rated {figure(given)} of {figure(highest)} by {who}"
    rank = next((each.rank for each in found.items if each.item_id == item_id), None)
    if rank is not None:
        return f":material/recommend: No. {rank} on the list of {who}"
    return f":gray[Not among the first {len(found.items)} on the list of {who}]"


def recipe_in_words(recipe: str) -> str:
    """Return how a recipe makes a list, in a few words."""
    if recipe.startswith("als"):
        return "learnt from everybody's ratings which tastes go together"
    if recipe.startswith("popular-like-him"):
        return "counts what is liked by people like this one, in the categories that suit"
    if recipe.startswith("popular"):
        return "counts what most people like"
    return "scores every item for each person"


def in_a_sentence(found: Recommendations) -> str:
    """Return what kind of list this is."""
    if found.kind == "fallback":
        return "Lantern does not know this person yet. This is what everybody likes."
    if found.kind == "live":
        return "Made just now, from what this person rated last."
    return "Made for this person when the release was built, and looked up now."

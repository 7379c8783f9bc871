"""Words for lists: why an item is on one, what kind of list it is, how its recipe ranks."""

from dashboards.text import plural
from serving.schemas import ListedItem, Recommendations


def note(item: ListedItem) -> str:
    """Return the reason for an item; its rank if there is no reason."""
    if item.reason is None:
        return f"#{item.rank}"
    return item.reason.text[:1].upper() + item.reason.text[1:]


def in_a_sentence(listed: Recommendations) -> str:
    """Return how the list came about."""
    if listed.kind == "fallback":
        return "We don't know your taste yet. Here is what most users like."
    if listed.kind == "live":
        return "Updated with your latest ratings."
    return "Made for you when the model was last updated."


def contents_in_words(listed: Recommendations) -> str:
    """Return what the list contains."""
    if listed.kind == "fallback":
        return "Every new visitor sees this list"
    if listed.kind == "live":
        return f"Includes {plural('rating', listed.n_new_ratings)} newer than the release"
    return "Best match first, without what you have rated"


def recipe_in_words(recipe: str) -> str:
    """Return how a recipe ranks items, in a few words."""
    if recipe.startswith("als"):
        return "learns from all ratings which tastes go together"
    if recipe.startswith("popular_by_segment"):
        return "counts what users like you like, in the categories you like"
    if recipe.startswith("popular"):
        return "counts what most users like"
    return "scores every item for each user"

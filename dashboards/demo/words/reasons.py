"""Words for lists: why an item is on one, what kind of list it is, how its recipe ranks."""

from dashboards.text import capitalised, plural
from serving.schemas import About, ListedItem, ListKind

ORIGINS: dict[ListKind, str] = {
    "fallback": "We don't know your taste yet. Here is what is popular.",
    "live": "Updated with what you did last.",
    "batch": "Made for you at the last model update.",
}
_METHODS = {  # by the beginning of the recipe's name
    "als": "learns from all users which tastes go together",
    "item_item": "finds users who chose the same as you, and lists what else they chose",
    "ease": "learns which items the same users choose",
    "popular_by_segment": "ranks by popularity among users like you, most in your categories",
    "popular": "ranks by popularity among all users",
    "": "scores every item for each user",
}


def note(item: ListedItem) -> str:
    """Return the reason for an item; its rank if there is no reason."""
    if item.reason is None:
        return f"#{item.rank}"
    return capitalised(item.reason.text)


def contents(kind: ListKind, n_new_ratings: int, about: About) -> str:
    """Return what a list of this kind contains."""
    if kind == "fallback":
        return "New visitors see this list too"
    if kind == "live" and not about.has_ratings:
        return "Includes what you did since the release"
    if kind == "live":
        n_changes = plural("change", n_new_ratings)
        return f"Includes {n_changes} to your ratings since the release"
    if not about.has_ratings:
        return "Best match first"
    return f"Best match first, without {plural(about.item_noun)} you have rated"


def method(recipe: str) -> str:
    """Return how a recipe ranks items, in a few words."""
    return next(text for prefix, text in _METHODS.items() if recipe.startswith(prefix))

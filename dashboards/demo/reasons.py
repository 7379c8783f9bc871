"""Why something is on a list, in words; and what a person liked."""

from collections.abc import Sequence

from dashboards.text import plural
from serving.schemas import About, ListedItem, RatedItem, Recommendations

LIKED_FROM = 0.75  # of the way from the lowest rating to the highest


def liked(rated: Sequence[RatedItem], about: About, n: int) -> list[RatedItem]:
    """Return the `n` items that a person rated best, the newest first among equals."""
    floor = about.lowest + LIKED_FROM * (about.highest - about.lowest)
    best = [each for each in rated if each.rating >= floor]
    return sorted(best, key=lambda each: (-each.rating, -each.rated_at.timestamp()))[:n]


def note(item: ListedItem) -> str:
    """Return why an item is on the list; its place where no reason is known."""
    if item.reason is None:
        return f"No. {item.rank}"
    return item.reason.text[:1].upper() + item.reason.text[1:]


def kind_in_words(found: Recommendations) -> str:
    """Return what the list is, and how fresh."""
    if found.kind == "fallback":
        return "Fallback list, the same for all strangers"
    if found.kind == "live":
        ratings = plural("new rating", found.n_new_ratings)
        return f"Own list, with {ratings} that the release did not know"
    return "Own list, best first, nothing that was rated already"


def recipe_in_words(recipe: str) -> str:
    """Return how a recipe makes a list, in a few words."""
    if recipe.startswith("als"):
        return "learnt from everybody's ratings which tastes go together"
    if recipe.startswith("popular_by_segment"):
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

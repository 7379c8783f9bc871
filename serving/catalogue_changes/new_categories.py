"""The categories that changes of items add to a data set."""

from collections import Counter
from collections.abc import Iterable

from serving.errors import RequestRefusedError

MAX_CATEGORIES = 10_000  # of a data set: every answer that describes it has them


class NewCategories:
    """Counts how many changed items have each category that the data set does not have yet."""

    def __init__(self, categories: Iterable[str]) -> None:
        self._categories = frozenset(categories)
        self._uses = Counter[str]()

    def names(self) -> list[str]:
        """Return the new categories that changed items have, ordered by name."""
        return sorted(self._uses)

    def replace(self, before: Iterable[str], after: Iterable[str]) -> None:
        """Count the categories of an item after a change instead of those before it.

        Raises:
            RequestRefusedError: the data set would have too many categories.
        """
        added, dropped = self._new_of(after, before), self._new_of(before, after)
        n_more = sum(category not in self._uses for category in added)
        n_less = sum(self._uses[category] == 1 for category in dropped)
        n_categories = len(self._categories) + len(self._uses) + n_more - n_less
        if n_more and n_categories > MAX_CATEGORIES:
            raise RequestRefusedError(
                f"body.categories: the data set would have more than {MAX_CATEGORIES:,}."
            )
        self._uses.update(added)
        self._uses.subtract(dropped)
        for category in dropped:
            if not self._uses[category]:
                del self._uses[category]

    def _new_of(self, categories: Iterable[str], others: Iterable[str]) -> frozenset[str]:
        return frozenset(categories) - frozenset(others) - self._categories

"""Slate rules in words, as Markdown. Titles and categories are made literal."""

from collections.abc import Callable, Sequence

from dashboards.text import esc, plural
from serving.schemas import Boost, SlateRules
from serving.schemas.rules import CAP_WINDOW

NAMED = 8  # hidden items that are named; the others are counted
PLAIN = "No rules: everybody is shown what the model ranks highest."

Titled = Callable[[str], str]


def sentences(rules: SlateRules, titled: Titled) -> list[str]:
    """Return one sentence per sort of rule; `titled` gives an item's title by its id."""
    found = [
        _hidden(rules.hide, titled),
        _pinned(rules, titled),
        _boosted("Pushed", [boost for boost in rules.boost if boost.by > 0]),
        _boosted("Held back", [boost for boost in rules.boost if boost.by < 0]),
        _capped(rules),
        "**Stock:** only what is available" if rules.only_available else "",
        f"**Diversity:** {rules.diversity:.2f} of 1" if rules.diversity else "",
    ]
    return [each for each in found if each] or [PLAIN]


def short(rules: SlateRules) -> str:
    """Return the rules in a few words, without titles."""
    found = [
        f"{len(rules.hide)} hidden" if rules.hide else "",
        f"{len(rules.pin)} pinned" if rules.pin else "",
        plural("boost", len(rules.boost)) if rules.boost else "",
        "capped" if rules.most_per_category or rules.most_per_vendor else "",
        "only available" if rules.only_available else "",
        f"diversity {rules.diversity:.2f}" if rules.diversity else "",
    ]
    return " · ".join(each for each in found if each) or "no rules"


def _hidden(hide: Sequence[str], titled: Titled) -> str:
    if not hide:
        return ""
    named = ", ".join(esc(titled(item_id)) for item_id in hide[:NAMED])
    others = f" and {len(hide) - NAMED:,} more" if len(hide) > NAMED else ""
    return f"**Hidden:** {named}{others}"


def _pinned(rules: SlateRules, titled: Titled) -> str:
    pins = sorted(rules.pin, key=lambda pin: pin.rank)
    said = ", ".join(f"{esc(titled(pin.item_id))} at no. {pin.rank}" for pin in pins)
    return f"**Pinned:** {said}" if said else ""


def _boosted(word: str, boosts: Sequence[Boost]) -> str:
    said = ", ".join(f"{esc(boost.category)} by {abs(boost.by):.2f}" for boost in boosts)
    return f"**{word}:** {said}" if said else ""


def _capped(rules: SlateRules) -> str:
    caps = [
        f"{most} of one {noun}"
        for most, noun in ((rules.most_per_category, "category"), (rules.most_per_vendor, "vendor"))
        if most is not None
    ]
    return f"**Caps:** at most {' and '.join(caps)} among any {CAP_WINDOW}" if caps else ""

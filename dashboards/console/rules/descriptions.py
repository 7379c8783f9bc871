"""Slate rules as text in Markdown. Titles and categories are escaped."""

from collections.abc import Callable, Sequence

from dashboards.text import code, esc, plural
from serving.schemas import Boost, SlateRules
from serving.schemas.rules import CAP_WINDOW

MAX_NAMED = 8  # number of hidden items whose titles are listed
NO_RULES = "No rules. Lists are shown as the model ranks them."

TitleOf = Callable[[str], str]


def sentences(rules: SlateRules, title_of: TitleOf) -> list[str]:
    """Return one line per kind of rule. `title_of`: an item's title by its id."""
    texts = [
        _hidden(rules.hide, title_of),
        _pinned(rules, title_of),
        _boosted("Boosted", [boost for boost in rules.boost if boost.by > 0]),
        _boosted("Demoted", [boost for boost in rules.boost if boost.by < 0]),
        _capped(rules),
        f"**Only items where:** {code(rules.keep_if)}" if rules.keep_if else "",
        "**Availability:** available items only" if rules.only_available else "",
        f"**Diversity:** {rules.diversity:.2f} of 1" if rules.diversity else "",
    ]
    return [text for text in texts if text] or [NO_RULES]


def summary(rules: SlateRules) -> str:
    """Return the number and kinds of the rules, without titles."""
    texts = [
        f"{len(rules.hide)} hidden" if rules.hide else "",
        f"{len(rules.pin)} pinned" if rules.pin else "",
        plural("boost", len(rules.boost)) if rules.boost else "",
        "capped" if rules.most_per_category or rules.most_per_vendor else "",
        f"only {code(rules.keep_if)}" if rules.keep_if else "",
        "available only" if rules.only_available else "",
        f"diversity {rules.diversity:.2f}" if rules.diversity else "",
    ]
    return " · ".join(text for text in texts if text) or "no rules"


def _hidden(hide: Sequence[str], title_of: TitleOf) -> str:
    if not hide:
        return ""
    titles = ", ".join(esc(title_of(item_id)) for item_id in hide[:MAX_NAMED])
    others = f" and {len(hide) - MAX_NAMED:,} more" if len(hide) > MAX_NAMED else ""
    return f"**Hidden:** {titles}{others}"


def _pinned(rules: SlateRules, title_of: TitleOf) -> str:
    pins = sorted(rules.pin, key=lambda pin: pin.rank)
    titles = ", ".join(f"{esc(title_of(pin.item_id))} at rank {pin.rank}" for pin in pins)
    return f"**Pinned:** {titles}" if titles else ""


def _boosted(label: str, boosts: Sequence[Boost]) -> str:
    categories = ", ".join(f"{esc(boost.category)} by {abs(boost.by):.2f}" for boost in boosts)
    return f"**{label}:** {categories}" if categories else ""


def _capped(rules: SlateRules) -> str:
    caps = [
        f"{most} per {noun}"
        for most, noun in ((rules.most_per_category, "category"), (rules.most_per_vendor, "vendor"))
        if most is not None
    ]
    return f"**Caps:** at most {' and '.join(caps)} in any {CAP_WINDOW} ranks" if caps else ""

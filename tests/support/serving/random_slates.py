"""Random slate rules and pools of items, and lists by the definition of the rules."""

from collections.abc import Sequence
from math import fsum, sqrt

from hypothesis import strategies as st

from serving.items import CatalogueItem, ScoredItem
from serving.rules.slate import Slate
from serving.schemas import Boost, Pin, SlateRules
from tests.support.serving.pools import item, scored

NAMES = ("film", "opera", "", "Ü\u202e'; --")
VENDORS = ("x", "y", "")
BEFORE = 9
scores = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0]), st.floats(allow_nan=False, allow_infinity=False, width=32)
)
names = st.sampled_from(NAMES)
vendors = st.none() | st.sampled_from(VENDORS)
categories = st.lists(names, max_size=4)
weights = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1)
caps = st.none() | st.integers(1, 4)
some_rules = st.builds(
    SlateRules,
    boost=st.dictionaries(names.filter(bool), st.floats(-1, 1), max_size=2).map(
        lambda by: tuple(Boost(category=name, by=by_value) for name, by_value in by.items())
    ),
    most_per_category=caps,
    most_per_vendor=caps,
    diversity=weights,
)


@st.composite
def pools(draw: st.DrawFn) -> list[ScoredItem]:
    """Return items in the order of their scores, some of which are equal."""
    drawn = draw(st.lists(st.tuples(scores, categories, vendors), max_size=25))
    ordered = sorted(drawn, key=lambda row: -row[0])
    return [scored(str(at), *values) for at, values in enumerate(ordered)]


@st.composite
def slates(draw: st.DrawFn) -> Slate:
    """Return rules with pins, some of items in the pool and some not."""
    ranks = draw(st.lists(st.integers(1, 20), unique=True, max_size=4))
    chosen = draw(
        st.lists(st.integers(0, 40), unique=True, min_size=len(ranks), max_size=len(ranks))
    )
    pins = {
        rank: item(str(at), draw(categories), draw(vendors))
        for rank, at in zip(ranks, chosen, strict=True)
    }
    named = tuple(Pin(item_id=pin.item_id, rank=rank) for rank, pin in pins.items())
    rules = draw(some_rules).model_copy(update={"pin": named})
    return Slate(1, rules, pinned=pins)


def by_definition(slate: Slate, pool: Sequence[ScoredItem], limit: int) -> list[ScoredItem]:
    """Return what the definition says, rank by rank, without arrays."""
    by_id = {scored.item.item_id: scored for scored in pool}
    pins = {
        rank: by_id.get(pin.item_id, ScoredItem(pin, 0.0)) for rank, pin in slate.pinned.items()
    }
    pinned = {scored.item.item_id for scored in pins.values()}
    remaining = [scored for scored in pool if scored.item.item_id not in pinned]
    shown: list[ScoredItem] = []
    while len(shown) < limit and (remaining or pins):
        rank = len(shown) + 1
        if rank in pins or not remaining:
            shown.append(pins.pop(rank if rank in pins else min(pins)))
            continue
        near = shown[-BEFORE:]
        fitting = [
            scored for scored in remaining if not breaks_cap(slate.rules, scored, near)
        ] or remaining
        values = [relevance(slate.rules, scored, pool, near) for scored in fitting]
        shown.append(fitting[values.index(max(values))])
        remaining.remove(shown[-1])
    return shown


def breaks_cap(rules: SlateRules, scored: ScoredItem, near: Sequence[ScoredItem]) -> bool:
    """Return whether the item would break a cap after these."""
    item, others = scored.item, [other.item for other in near]
    per_category, per_vendor = rules.most_per_category, rules.most_per_vendor
    counts = [sum(name in other.categories for other in others) for name in item.categories]
    n_of_vendor = sum(other.vendor == item.vendor for other in others if item.vendor is not None)
    if per_category is not None and any(n >= per_category for n in counts):
        return True
    return per_vendor is not None and n_of_vendor >= per_vendor


def relevance(
    rules: SlateRules, scored: ScoredItem, pool: Sequence[ScoredItem], near: Sequence[ScoredItem]
) -> float:
    """Return the marginal relevance of the item after these."""
    values = [other.score for other in pool]
    span = max(values) - min(values)
    scaled = (scored.score - min(values)) / span if span else 0.0
    boost = fsum(b.by for b in rules.boost if b.category in scored.item.categories)
    closest = max((cosine(scored.item, other.item) for other in near), default=0.0)
    return float((1 - rules.diversity) * (scaled + boost) - rules.diversity * closest)


def cosine(item: CatalogueItem, other: CatalogueItem) -> float:
    names, other_names = {*item.categories}, {*other.categories}
    return len(names & other_names) / sqrt(max(len(names) * len(other_names), 1))

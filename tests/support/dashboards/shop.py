"""A small invented catalogue, its users, and the answers that the API would give."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from serving.schemas import (
    About,
    AttributeType,
    Comparison,
    Criterion,
    Display,
    Item,
    ItemDetails,
    ItemOrder,
    ItemPage,
    KindMeaning,
    ListedItem,
    ListKind,
    RatedItem,
    Recommendations,
    Release,
    Shelf,
    SimilarItems,
    TakenTogether,
    User,
    Verdict,
)

NOW = datetime.now(UTC)
RETRAIN = "playground__retrain/manual__2026-05-22"
HOSTILE = (
    "<b>Bold</b> Moves :tada:",
    "*Nine Lives* of Otto Brandt",
    "$3 Summer and $40",
    "[Untitled: 44](http://example.com)",
    ":red[Alert] -> :material/home:",
    "<script>alert(1)</script>",
)
TITLES = (
    "The Lantern Keepers|1994|Adventure,Fantasy", "Salt and Gravel|2001|Drama",
    "Midnight on Harrow Street|1987|Thriller,Crime", "A Cousin in Trieste|1998|Comedy,Romance",
    "Paper Orbit|2009|Sci-Fi,Drama", "The Understudy's Wife|1979|Comedy",
    "Twelve Kinds of Rain|2012|Drama,Romance", "Copper Saints|1968|Western",
    "Dead Letter Office|1996|Mystery,Thriller", "Who Left the Goat?|2004|Comedy",
    "The Quiet Meridian|2015|Sci-Fi", "Bellweather|1991|Horror", "Glass Harbour|2018|Crime,Drama",
    "The Last Accordion|1974|Musical,Comedy", "Foxglove: A Love Story|1963|Romance",
    "Under the Weathervane|2010|Animation", "Kite Season|2003|Animation,Adventure",
    "No. 7 Ferry Lane|1999|Mystery", "Ironwood Express|1956|Western,Adventure",
    "The Beekeeper of Sarn|2016|Documentary", "Two Left Feet|1989|Musical,Romance",
    "Red Signal at Dawn|1972|War,Drama", "Small Hours|2020|Drama",
    "Grandfather's Submarine & Other Lies|2006|Comedy,Adventure",
)  # fmt: skip


def _catalogue() -> tuple[Item, ...]:
    rows = [title.split("|") for title in TITLES]
    rows[6:6] = [[title, "2011", "Comedy"] for title in HOSTILE]
    rows += [[f"{row[0]} {part}", str(int(row[1]) + 3), row[2]] for part in (2, 3) for row in rows]
    return tuple(
        Item(
            item_id=f"i{number:03d}",
            title=title,
            released=int(year),
            categories=tuple(categories.split(",")),
            vendor="Sarn Pictures",
        )
        for number, (title, year, categories) in enumerate(rows)
    )


ITEMS = _catalogue()
_SORT_KEYS: dict[ItemOrder, Callable[[Item], str | int]] = {
    "relevance": lambda _: 0,
    "popular": lambda _: 0,
    "cheapest": lambda item: item.item_id,  # as prices: see `details`
    "dearest": lambda item: -int(item.item_id[1:]),
    "added": lambda item: -int(item.item_id[1:]),
    "newest": lambda item: -(item.released or 0),
    "oldest": lambda item: item.released or 0,
    "title": lambda item: item.title,
}
N_RATED = {"0042": 8, "0107": 5, "1990": 14}


KINDS = {
    name: KindMeaning(
        weight=weight,
        value="count",
        positive_from=0 if name == "purchase" else None,
        repeatable=name != "purchase",
        past=past,
    )
    for name, weight, past in [
        ("view", 1, "viewed"),
        ("cart", 3, "added {} to the basket"),
        ("purchase", 5, "bought"),
    ]
}


PRICES = Display(price="price", currency="EUR", stock="stock", picture="picture")
TYPES: dict[str, AttributeType] = {"price": "number", "stock": "number", "picture": "text"}
N_SOLD_OUT = 5  # each so many items has none in stock


def about(*, rates: bool = True) -> About:
    """Return the shop's description; without ratings it has `KINDS` of events, and prices."""
    categories = sorted({name for item in ITEMS for name in item.categories})
    scale = (1, 5, 1) if rates else (0, 1, 1)
    return About(
        dataset="playground",
        title="Playground",
        item_noun="film",
        licence="Invented data; no rights reserved.",
        **dict(zip(("lowest", "highest", "step"), scale, strict=True)),
        kinds={} if rates else KINDS,
        attributes={} if rates else TYPES,
        display=Display() if rates else PRICES,
        categories=tuple(categories),
        n_items=len(ITEMS),
    )


def users() -> list[User]:
    return [User(user_id=user_id, n_rated=n) for user_id, n in N_RATED.items()]


def user(user_id: str) -> User | None:
    if user_id not in N_RATED:
        return None
    dice = Random(user_id)  # noqa: S311 # invented
    rated = tuple(
        RatedItem(
            **item.model_dump(),
            rating=max(5 - position // 2, 1),
            rated_at=NOW - timedelta(days=position),
        )
        for position, item in enumerate(dice.sample(ITEMS, N_RATED[user_id]))
    )
    return User(user_id=user_id, n_rated=len(rated), rated=rated)


def recommendations(user_id: str, limit: int) -> Recommendations:
    known = user_id in N_RATED
    kind: ListKind = "batch" if known else "fallback"
    chosen = Random(user_id).sample(ITEMS[:30], 30) if known else list(ITEMS)  # noqa: S311
    return Recommendations(
        user_id=user_id,
        kind=kind,
        release_id=12,
        recipe="als_7f3a" if known else "popular",
        live_since=NOW - timedelta(hours=2, minutes=7),
        age_seconds=7620,
        items=listed(chosen[:limit]),
    )


def listed(chosen: list[Item]) -> tuple[ListedItem, ...]:
    return tuple(
        ListedItem(**item.model_dump(), rank=rank, score=0.98 - rank * 0.02)
        for rank, item in enumerate(chosen, 1)
    )


def item(item_id: str) -> ItemDetails | None:
    details = (ItemDetails(**item.model_dump()) for item in ITEMS if item.item_id == item_id)
    return next(details, None)


def details(item: Item, *, rates: bool = True) -> ItemDetails:
    """Return an item with its attributes: without ratings a price and a stock."""
    number = int(item.item_id[1:])
    stock = 0 if number % N_SOLD_OUT == N_SOLD_OUT - 1 else number + 1
    attributes = {} if rates else {"price": number + 0.9, "stock": float(stock)}
    return ItemDetails(**item.model_dump(include={*Item.model_fields}), attributes=attributes)


def items(  # as the API's parameters
    q: str,
    category: str | None,
    limit: int,
    offset: int,
    *,
    sort: ItemOrder = "relevance",
    years: tuple[int, int] = (0, 9999),
    item_ids: Sequence[str] = (),
    rates: bool = True,
) -> ItemPage:
    """Return a page of the catalogue; `ITEMS` has the most popular items first."""
    words = q.lower().split()
    matches = [
        details(item, rates=rates)
        for item in sorted(ITEMS, key=_SORT_KEYS[sort])
        if (not item_ids or item.item_id in item_ids)
        and all(any(w.startswith(word) for w in item.title.lower().split()) for word in words)
        and category in (None, *item.categories)
        and years[0] <= (item.released or 0) <= years[1]
    ]
    page = tuple(matches[offset : offset + limit])
    return ItemPage(items=page, total=len(matches), limit=limit, offset=offset)


def similar(item_id: str, limit: int) -> SimilarItems | None:
    this = item(item_id)
    if this is None:
        return None
    others = [
        other for other in ITEMS if other != this and set(other.categories) & set(this.categories)
    ]
    return SimilarItems(item_id=item_id, release_id=12, items=listed(others[:limit]))


def together(item_id: str, limit: int) -> TakenTogether | None:
    """Return the next two items of the catalogue, but none for the last item."""
    this = item(item_id)
    if this is None:
        return None
    position = [other.item_id for other in ITEMS].index(item_id)
    others = [*ITEMS[position + 1 : position + 3]]
    answer = {"item_ids": (item_id,), "release_id": 12, "items": listed(others[:limit])}
    return TakenTogether.model_validate(answer)


def shelf(
    limit: int,
    *,
    category: str | None = None,
    start: int = 0,
    years: tuple[int, int] = (0, 9999),
) -> Shelf:
    chosen = [
        item
        for item in ITEMS[start:]
        if category in (None, *item.categories) and years[0] <= (item.released or 0) <= years[1]
    ]
    return Shelf(release_id=12, items=listed(chosen[:limit]))


def releases() -> list[Release]:
    return [
        Release(
            release_id=12 - age,
            recipe="als_7f3a",
            recipe_json={"algorithm": "als", "rank": 8},
            verdict="promote" if age == 0 else "refresh",
            retrain_id=RETRAIN if age == 0 else f"playground__retrain/r{age}",
            n_users=6040 - 12 * age,
            n_items=len(ITEMS),
            ready_at=NOW - timedelta(days=age, hours=2),
            live=age == 0,
            live_since=NOW - timedelta(hours=2, minutes=7) if age == 0 else None,
        )
        for age in range(5)
    ]


def verdicts() -> list[Verdict]:
    return [verdict(RETRAIN, 0.2690), verdict("playground__retrain/r1", 0.2655)]


def lost() -> Verdict:
    """Return a refresh: a popularity recipe, which is better than the others, lost to als_7f3a."""
    rows = (
        ("als_7f3a", "champion", 0.2690, (-0.0190, -0.0287, -0.0093)),
        ("popular_by_segment", "challenger", 0.2500, ()),
        ("popular_recently", "popularity", 0.2270, (0.0230, 0.0130, 0.0330)),
    )
    compared = tuple(comparison(*row) for row in rows)
    refreshed = {"verdict": "refresh", "comparisons": compared}
    return verdict(RETRAIN, 0.25).model_copy(update=refreshed)


def comparison(recipe: str, role: str, value: float, lead: Sequence[float]) -> Comparison:
    return Comparison.model_validate(
        {"recipe": recipe, "role": role, "slice": "warm", "metric": "ndcg@10"}
        | {"value": value, "n_users": 1121}
        | dict(zip(("difference", "low", "high"), lead, strict=False))
    )


def verdict(retrain_id: str, ndcg: float) -> Verdict:
    rows = (
        ("als_7f3a", "challenger", ndcg, ()),
        ("als_11c0", "champion", 0.2610, (0.0080, 0.0021, 0.0139)),
        ("popular_by_segment", "popularity", 0.2500, (0.0190, 0.0093, 0.0287)),
        ("popular_recently", "popularity", 0.2270, (0.0420, 0.0290, 0.0550)),
    )
    return Verdict(
        retrain_id=retrain_id,
        verdict="promote",
        reason="The challenger als_7f3a beats the champion and every popularity recipe.",
        recipe="als_7f3a",
        criteria=tuple(
            Criterion(criterion=criterion, passed=passed, detail=detail)
            for criterion, passed, detail in (
                ("sound", True, "Quarantine 0.1 %, coverage 0.10."),
                ("Enough users", True, "1,121 warm users, 100 needed."),
                ("better than popularity", True, "+0.019 [0.009, 0.029]"),
                ("no slice loses", None, "Not judged: no <champion>."),
            )
        ),
        comparisons=tuple(comparison(*row) for row in rows),
        decided_at=NOW - timedelta(hours=2, minutes=12),
    )

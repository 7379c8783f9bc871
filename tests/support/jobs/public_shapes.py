"""Small invented files in the shapes of public data sets, as their publishers write them.

Each function writes the files of one manifest of benchmarks/public_data into a folder, and returns
what a careful reader counts in them: see `Counts`.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2019, 11, 15, 8, 55, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Counts:
    """Numbers of events and of their pairs, the newest time, and facts of one item."""

    events: int
    pairs: int
    newest: datetime
    item: tuple[str, str, tuple[str, ...]]  # id, title, categories


def yelp(folder: Path) -> Counts:
    """JSON lines with line breaks in reviews; categories in one text; local times."""
    reviews = [
        {"review_id": f"r{n}", "user_id": f"-u_{n % 7}", "business_id": f"b{n % 5}",
         "stars": float(1 + n % 5), "useful": n, "text": f'Good.\n"{n}" tacos, é\n',
         "date": f"{at(n):%Y-%m-%d %H:%M:%S}"}
        for n in range(60)
    ]  # fmt: skip
    businesses = [
        {"business_id": f"b{n}", "name": f"Café {n}", "city": "Goleta", "state": "CA",
         "attributes": {"WiFi": "u'free'"} if n else None,
         "categories": "Coffee & Tea, Food" if n else None, "hours": None}
        for n in range(5)
    ]  # fmt: skip
    _text(folder / "yelp_academic_dataset_review.json", _lines(reviews))
    _text(folder / "yelp_academic_dataset_business.json", _lines(businesses))
    return Counts(60, 35, at(59), ("b1", "Café 1", ("Coffee & Tea", "Food")))


def rees46(folder: Path) -> Counts:
    """Compressed csv; `… UTC` times; four kinds; products described in every row of an event."""
    header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id"
    kinds = ("view", "view", "cart", "purchase", "remove_from_cart")
    rows = [
        f"{at(n):%Y-%m-%d %H:%M:%S} UTC,{kinds[n % 5]},100{n % 4},2053013555631882655,"
        f"{'' if n % 4 == 0 else 'electronics.smartphone'},{'' if n % 2 else 'samsung'},"
        f"{130.76 + n % 4},54131{n % 9}"
        for n in range(72)
    ]
    _gzip(folder / "2019-Nov.csv.gz", [header, *rows])
    return Counts(72, 36, at(71), ("1001", "1001", ("electronics", "smartphone")))


def online_retail(folder: Path) -> Counts:
    """An export of Excel: windows-1252, customers as floats, returns, some without customers."""
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    rows = [
        f'5363{n},8512{n % 6},"CAFÉ SET, {n % 6} £",{1 + n % 4},'
        f"{minute(n):%-m/%-d/%Y %-H:%M},2.55,1785{n % 8}.0,United Kingdom"
        for n in range(48)
    ]
    returned = 'C536379,85121,"CAFÉ SET, 1 £",-1,12/1/2019 9:41,27.5,17851.0,United Kingdom'
    anonymous = "536544,85122,,3,12/1/2019 14:32,5.91,,United Kingdom"
    path = folder / "Online Retail.csv"
    path.write_bytes("\r\n".join([header, *rows, returned, anonymous, ""]).encode("cp1252"))
    return Counts(48, 24, minute(47), ("85121", "CAFÉ SET, 1 £", ()))


def mind(folder: Path) -> Counts:
    """Tab-separated without headers; quotes in titles; times with AM and PM; clicks and others."""
    impressions = [
        f"{n}\tU{n % 11}\t{at(n):%-m/%-d/%Y %-I:%M:%S %p}\tN{n % 6}\t{int(n % 3 > 0)}"
        for n in range(66)
    ]
    news = [
        f'N{n}\tsports\tgolf\tWho "won" round {n}?\tA round.\thttps://example.org/N{n}\t[]\t[]'
        for n in range(6)
    ]
    _text(folder / "impressions.tsv", impressions)
    _text(folder / "news.tsv", news)
    return Counts(44, 44, at(65), ("N1", 'Who "won" round 1?', ("sports",)))


def amazon_reviews(folder: Path) -> Counts:
    """Compressed JSON lines; milliseconds; lists; a price that is a text or missing."""
    reviews = [
        {"rating": float(1 + n % 5), "title": "Nice", "text": "Line\nbreak", "images": [],
         "asin": f"B0{n % 5}X", "parent_asin": f"B0{n % 5}", "user_id": f"AE{n % 6}",
         "timestamp": int(at(n).timestamp() * 1000) + 123, "helpful_vote": 0,
         "verified_purchase": n % 10 != 0}
        for n in range(60)
    ]  # fmt: skip
    products = [
        {"main_category": "All Beauty", "title": f"Soap {n}", "average_rating": 4.8,
         "features": [], "price": None if n else 10.5, "images": [{"thumb": "x", "hi_res": None}],
         "store": "Howard", "categories": ["Beauty", "Soap"] if n else [],
         "parent_asin": f"B0{n}"}
        for n in range(5)
    ]  # fmt: skip
    _gzip(folder / "reviews.jsonl.gz", _lines(reviews))
    _gzip(folder / "meta.jsonl.gz", _lines(products))
    newest = at(59) + timedelta(milliseconds=123)
    return Counts(54, 27, newest, ("B01", "Soap 1", ("Beauty", "Soap")))


SHAPES: Sequence[Callable[[Path], Counts]] = (yelp, rees46, online_retail, mind, amazon_reviews)


def at(number: int) -> datetime:
    """Return the time of an event."""
    return START + timedelta(hours=5 * number, seconds=number)


def minute(number: int) -> datetime:
    """Return the time of an event, in whole minutes."""
    return at(number).replace(second=0)


def _lines(records: Iterable[object]) -> list[str]:
    return [json.dumps(record, ensure_ascii=False) for record in records]


def _text(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _gzip(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))

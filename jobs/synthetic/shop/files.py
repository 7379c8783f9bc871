"""Generate the files of the data set `playground_shop`: a synthetic web shop with a known truth.

Writes `events/*.parquet` (views, carts and purchases), `products/products.csv` and
`customers/customers.jsonl` as `datasets/playground_shop.toml` describes them, and the truth to
`truth/`. The same size and seed give the same rows.

Run: python -m jobs.synthetic.shop.files --size 400000 --seed 7
"""

import csv
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.runtime import entrypoint
from jobs.runtime.logs import event
from jobs.synthetic import output
from jobs.synthetic.output import SHOP
from jobs.synthetic.shop import words
from jobs.synthetic.shop.demand import TOGETHER, buying
from jobs.synthetic.shop.visits import KINDS, events_of
from jobs.synthetic.shop.world import START, WEEKS, Ints, Shop, generate
from ranking.selection import top_n

log = logging.getLogger(__name__)

CUSTOMER_ID, PRODUCT_ID = "c-{:06d}".format, "p-{:05d}".format  # ids by index
N_LIKELIEST = 100  # products per customer in the truth
_USERS_PER_GROUP = 1000  # whose events are one row group of a file
_GROUPS_PER_FILE = 20
_FOLDERS = ("events", "products", "customers", "truth")
_EVENTS = pa.schema(
    {
        "customer": pa.string(),
        "product": pa.string(),
        "kind": pa.string(),
        "quantity": pa.int32(),
        "at": pa.int64(),
    }
)


def run(*, size: int, seed: int, folder: Path) -> None:
    """Write the files to `folder`, in place of those of an earlier playground."""
    shop = generate(size, seed)
    log.info(event("generating", events=size, users=shop.n_users, items=shop.n_items))
    with output.replaced(folder, _FOLDERS) as fresh:
        _write_products(shop, fresh / "products" / "products.csv")
        ids = map(CUSTOMER_ID, range(shop.n_users))
        file = fresh / "customers" / "customers.jsonl"
        output.write_users(file, "customer", ids, shop.user_age, shop.user_region)
        _write_truth(shop, fresh / "truth")
        n_events = _write_events(shop, fresh / "events")
    log.info(event("generated", events=n_events, folder=str(folder)))


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    args = output.arguments(SHOP, __doc__, argv)
    run(size=args.size, seed=args.seed, folder=args.folder)


def _write_events(shop: Shop, folder: Path) -> int:
    """Write the events of all users, and return their number."""
    n_events = 0
    per_file = _USERS_PER_GROUP * _GROUPS_PER_FILE
    for number, first in enumerate(range(0, shop.n_users, per_file)):
        with pq.ParquetWriter(folder / f"events-{number:04d}.parquet", _EVENTS) as file:
            for group in _groups(shop, first, min(first + per_file, shop.n_users)):
                file.write_table(group)
                n_events += group.num_rows
    return n_events


def _groups(shop: Shop, first: int, end: int) -> Iterator[pa.Table]:
    for start in range(first, end, _USERS_PER_GROUP):
        users = range(start, min(start + _USERS_PER_GROUP, end))
        yield pa.concat_tables([_events_table(shop, user) for user in users])


def _events_table(shop: Shop, user: int) -> pa.Table:
    events = events_of(shop, user)
    columns = (
        pa.repeat(CUSTOMER_ID(user), len(events.item)),
        pa.array(map(PRODUCT_ID, events.item.tolist())),
        pa.array(KINDS).take(pa.array(events.kind)),
        pa.array(events.quantity, pa.int32()),
        pa.array(events.seconds),
    )
    return pa.table(columns, schema=_EVENTS)


def _write_products(shop: Shop, path: Path) -> None:
    rng = np.random.default_rng([shop.seed, 1 << 40])
    types = [words.TYPES[index] for index in shop.item_type]
    titles = words.titles(rng, types)
    brands = _brands(rng, shop)
    in_stock = np.where(shop.in_stock[-1], rng.integers(1, 80, size=shop.n_items), 0)
    since = _first_days(rng, shop.item_week)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("sku", "name", "department", "type", "brand", "price", "stock", "since"))
        for i, (title, of_type) in enumerate(zip(titles, types, strict=True)):
            about = (PRODUCT_ID(i), title, of_type.department, of_type.name, brands[i])
            writer.writerow((*about, f"{shop.item_price[i]:.2f}", in_stock[i], since[i]))


def _brands(rng: np.random.Generator, shop: Shop) -> list[str]:
    """Return each product's brand. A brand has products of one department."""
    n_departments = len(words.DEPARTMENTS)
    brands = words.vendors(rng, n_departments * max(4, round(shop.n_items**0.5 / 5)))
    per_department = len(brands) // n_departments
    ranks = np.minimum(rng.zipf(1.6, size=shop.n_items), per_department) - 1
    return [brands[index] for index in (shop.item_department * per_department + ranks).tolist()]


def _first_days(rng: np.random.Generator, weeks: Ints) -> list[str]:
    """Return the day from which each product is sold: a Monday, or long before the first one."""
    earlier = rng.integers(30, 900, size=len(weeks))
    days = np.where(weeks > 0, 7 * weeks, -earlier).tolist()
    return [f"{START + timedelta(days=day):%Y-%m-%d}" for day in days]


def _write_truth(shop: Shop, folder: Path) -> None:
    """Write what the shop is made of, and the likeliest purchases of each customer."""
    customers = {
        "customer": list(map(CUSTOMER_ID, range(shop.n_users))),
        "factors": shop.user_factors.astype("float32").tolist(),
        "interests": shop.user_interests.astype("float32").tolist(),
        "budget": shop.user_budget,
    }
    products = {
        "sku": list(map(PRODUCT_ID, range(shop.n_items))),
        "factors": shop.item_factors.astype("float32").tolist(),
        "tier": shop.item_tier,
        "appeal": shop.item_appeal,
        "week": shop.item_week,
        "in_stock": shop.in_stock.T.tolist(),
        "popularity": shop.popularity.T.astype("float32").tolist(),
    }
    pq.write_table(pa.table(customers), folder / "customers.parquet")
    pq.write_table(pa.table(products), folder / "products.parquet")
    pq.write_table(_complements(shop), folder / "complements.parquet")
    pq.write_table(_likeliest(shop), folder / "purchases.parquet")


def _complements(shop: Shop) -> pa.Table:
    """Return each product that goes with another.

    `probability` is that of an order of the product having the complement too, if that is in stock
    and the customer has not bought it before.
    """
    [items] = np.nonzero(shop.item_complement >= 0)
    return pa.table(
        {
            "sku": list(map(PRODUCT_ID, items.tolist())),
            "complement": list(map(PRODUCT_ID, shop.item_complement[items].tolist())),
            "probability": np.full(len(items), TOGETHER),
        }
    )


def _likeliest(shop: Shop) -> pa.Table:
    """Return each customer's likeliest purchases in the last week, best first.

    `probability` is that of one view of the customer being of the product and ending in its
    purchase, if they have not bought it before.
    """
    skus, chances = [], []
    for user in range(shop.n_users):
        probability = buying(shop, user, WEEKS - 1).astype(np.float32)
        best = top_n(np.where(probability > 0, probability, -np.inf), N_LIKELIEST)
        skus.append(list(map(PRODUCT_ID, best.tolist())))
        chances.append(probability[best].tolist())
    customers = list(map(CUSTOMER_ID, range(shop.n_users)))
    return pa.table({"customer": customers, "skus": skus, "probabilities": chances})


if __name__ == "__main__":
    entrypoint.run(main)

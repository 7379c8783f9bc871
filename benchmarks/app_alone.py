"""The app and its API over a full catalogue, without Airflow, Spark and the lake.

    python -m benchmarks.app_alone [--archive ml-1m.zip]

Fills a temporary Postgres with MovieLens 1M from its archive, or with the playground's synthetic
catalogue, and serves until it is interrupted. Factors come from ALS in numpy, with the fold-in of
the API as its least-squares step: good enough to look at; the quality is not measured.
"""

import argparse
import json
import re
import secrets
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from benchmarks.api_read import running_api
from jobs.synthetic import playground
from jobs.synthetic.world import generate
from ranking.selection import top_n
from serving.lists.fold_in import Constants, FoldIn, Ratings
from serving.publishing.publish import Candidate, publish
from serving.storage import database, keys
from tests.support.dashboards import streamlit_server
from tests.support.serving.server import as_role, create_database, temporary_server
from warehouse import datasets
from warehouse.datasets import Dataset

SECRET = secrets.token_urlsafe()  # of visitors' cookies
RANK, ROUNDS, LENGTH, N_SIMILAR, SIZE = 16, 6, 100, 40, 200_000
HALF_LIFE_DAYS, DAY_MICROS = 14, 86_400_000_000
CONSTANTS = {
    "relevant_from": 4.0,
    "weighting": "minus_midpoint",
    "midpoint": 3.0,
    "reg": 0.1,
    "alpha": 2.0,
}
ARTICLE_LAST = re.compile(r"^(.+), (The|An|A|Les|Le|La|Il|El|Das|Der|Die)((?: \(.*)?)$")

Rows = list[dict[str, object]]
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class RatedCatalogue:
    """Items as the API takes them, and ratings: user_id, user, item, value, micros.

    `item` is a position in `items`, `user` the position of `user_id` in sorted order.
    """

    dataset: Dataset
    items: Rows
    ratings: pd.DataFrame

    def ratings_by(self, column: str) -> dict[object, Ratings]:
        """Return the ratings of each user (positions of items) or item (positions of users)."""
        other = "user" if column == "item" else "item"
        return {
            key: Ratings(own[other].to_numpy(), own["value"].to_numpy(), own["micros"].to_numpy())
            for key, own in self.ratings.groupby(column, sort=True)
        }


def main() -> None:
    """Serve, and print the address."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archive", type=Path, help="ml-1m.zip; without it, a synthetic catalogue")
    with app(load(parser.parse_args().archive)) as url:
        print(url, flush=True)
        Event().wait()


def load(archive: Path | None) -> RatedCatalogue:
    """Return MovieLens 1M, or a synthetic catalogue without its archive."""
    return movielens(archive) if archive else synthetic(SIZE)


@contextmanager
def app(catalogue: RatedCatalogue) -> Iterator[str]:
    """Yield the address of the app over this catalogue."""
    name = catalogue.dataset.name
    with temporary_server() as server, tempfile.TemporaryDirectory() as folder:
        owner = create_database(server.url("postgres"), "alone")
        key = fill(owner, catalogue)
        keys_file = Path(folder, "keys.json")
        keys_file.write_text(json.dumps({name: key}))
        with running_api(as_role(owner, "api")) as api:
            settings = {"DEMO_API_URL": api, "DEMO_KEYS_FILE": str(keys_file)}
            settings["VISITOR_SECRET"] = SECRET
            with streamlit_server.served(settings, Path(folder, "app.log")) as url:
                yield url


def fill(owner: str, catalogue: RatedCatalogue) -> str:
    """Publish a release of the catalogue; return a key that may read and write."""
    dataset = catalogue.dataset
    name = dataset.name
    database.migrate(owner, name)
    database.grant(owner, name)
    batches = {
        table: pa.Table.from_pylist(rows).to_batches() for table, rows in release_rows(catalogue)
    }
    about: dict[str, object] = {"dataset": name, "lowest": 1.0, "highest": 5.0, "step": 1.0}
    about |= {"title": dataset.title, "item_noun": dataset.item_noun, "licence": dataset.licence}
    fit = Candidate("alone", "first", "als_numpy", {}, CONSTANTS, about, {})
    engine = database.connect(owner, name)
    publish(engine, fit, batches, actor="alone", reason="To look at.", instead_of=None)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "alone", ["read", "feedback"])
    engine.dispose()
    return key


def release_rows(catalogue: RatedCatalogue) -> Iterator[tuple[str, Rows]]:
    """Yield each table of a release with its rows."""
    by_user, matrix = catalogue.ratings_by("user_id"), factors(catalogue)
    ids = [str(item["item_id"]) for item in catalogue.items]
    popularity, trending = popularities(catalogue)
    fold_in = FoldIn(matrix, Constants.model_validate(CONSTANTS))
    yield "items", catalogue.items
    yield "profiles", [_profile(str(user_id), ids, ratings) for user_id, ratings in by_user.items()]
    lists: Rows = []
    for user_id, ratings in by_user.items():
        if folded := fold_in.fold(ratings):
            scores = fold_in.scores(folded)
            scores[ratings.positions] = -np.inf
            lists.append({"user_id": user_id} | _list(ids, scores, LENGTH))
    yield "recommendations", lists
    yield "fallback_lists", [{"segment": ""} | _list(ids, popularity, LENGTH)]
    columns = zip(ids, matrix.tolist(), popularity.tolist(), trending.tolist(), strict=True)
    names = ("item_id", "factors", "popularity", "trending")
    yield "item_factors", [dict(zip(names, row, strict=True)) for row in columns]
    yield "similar_items", _similar(ids, matrix)


def factors(catalogue: RatedCatalogue) -> Matrix:
    """Return the items' factors (items, RANK): users and items are folded in by turns."""
    by_user, by_item = catalogue.ratings_by("user"), catalogue.ratings_by("item")
    random = np.random.default_rng(7)
    items = random.normal(0, 0.1, (len(catalogue.items), RANK)).astype(np.float32)
    for _ in range(ROUNDS):
        users = _folded(items, by_user, len(by_user))
        items = _folded(users, by_item, len(catalogue.items))
    return items


def popularities(catalogue: RatedCatalogue) -> tuple[Matrix, Matrix]:
    """Return the number of positive ratings of each item, and the same weighted by age."""
    ratings = catalogue.ratings
    positive = ratings[ratings["value"] >= CONSTANTS["relevant_from"]]
    days = (positive["micros"].max() - positive["micros"]) / DAY_MICROS
    n = len(catalogue.items)
    recent = np.bincount(positive["item"], weights=0.5 ** (days / HALF_LIFE_DAYS), minlength=n)
    counts = np.bincount(positive["item"], minlength=n)
    return counts.astype(np.float32), recent.astype(np.float32)


def movielens(archive: Path) -> RatedCatalogue:
    """Return MovieLens 1M from its archive, with readable titles."""
    with zipfile.ZipFile(archive) as files:
        lines = files.read("ml-1m/movies.dat").decode("iso-8859-1").splitlines()
        with files.open("ml-1m/ratings.dat") as file:
            ratings = pd.read_csv(file, sep=":", header=None, usecols=[0, 2, 4, 6])
    ratings.columns = pd.Index(["user_id", "item_id", "value", "seconds"])
    items = [_film(*line.split("::")) for line in lines]
    return _catalogue("movielens_1m", items, ratings.astype({"user_id": str, "item_id": str}))


def synthetic(size: int) -> RatedCatalogue:
    """Return the playground's catalogue with its users' ratings."""
    world = generate(size, seed=7)
    ratings = pd.concat(
        playground._ratings_frame(world, user)  # noqa: SLF001 # as its files have them
        for user in range(world.n_users)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "items.csv")
        playground._write_items(world, file)  # noqa: SLF001
        frame = pd.read_csv(file, dtype=str)
    frame["categories"] = frame["categories"].str.split("|")
    frame["released"] = frame["released"].astype(int)
    items = [dict(zip(frame.columns, row, strict=True)) for row in frame.to_numpy().tolist()]
    renamed = ratings.rename(columns={"stars": "value", "rated_at": "seconds"})
    return _catalogue("playground", items, renamed)


def _catalogue(name: str, items: Rows, ratings: pd.DataFrame) -> RatedCatalogue:
    items = sorted(items, key=lambda item: str(item["item_id"]).encode())
    positions = {item["item_id"]: position for position, item in enumerate(items)}
    ratings["item"] = ratings["item_id"].map(positions)
    ratings["user"] = ratings["user_id"].astype("category").cat.codes.astype(np.int64)
    ratings["value"] = ratings["value"].astype(float)
    ratings["micros"] = ratings["seconds"] * 1_000_000
    return RatedCatalogue(datasets.load_named(name), items, ratings)


def _film(item_id: str, title: str, genres: str) -> dict[str, object]:
    name, year = title[:-7], int(title[-5:-1])
    return {
        "item_id": item_id,
        "title": ARTICLE_LAST.sub(r"\2 \1\3", name),
        "categories": genres.split("|"),
        "vendor": None,
        "released": year,
    }


def _folded(fixed: Matrix, by_key: dict[object, Ratings], n: int) -> Matrix:
    """Return the factors (n, RANK) of one side with the factors of the other side fixed."""
    fold_in = FoldIn(fixed, Constants.model_validate(CONSTANTS))
    solved = np.zeros((n, RANK), np.float32)
    for key, ratings in by_key.items():
        if folded := fold_in.fold(ratings):
            solved[int(str(key))] = folded.row
    return solved


def _list(ids: list[str], scores: Matrix, n: int) -> dict[str, object]:
    positions = top_n(scores, n)
    return {
        "item_ids": [ids[position] for position in positions],
        "scores": scores[positions].tolist(),
    }


def _profile(user_id: str, ids: list[str], ratings: Ratings) -> dict[str, object]:
    newest_first = np.argsort(-ratings.micros, kind="stable")
    times = pd.to_datetime(ratings.micros[newest_first], unit="us", utc=True)
    return {
        "user_id": user_id,
        "segment": "",
        "item_ids": [ids[position] for position in ratings.positions[newest_first]],
        "ratings": ratings.values[newest_first].tolist(),  # noqa: PD011 # not a DataFrame
        "rated_at": times.to_pydatetime(),
    }


def _similar(ids: list[str], factors: Matrix) -> Rows:
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    unit = factors / np.maximum(lengths, 1e-9)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return [
        {"item_id": ids[position]} | _list(ids, cosines[position], N_SIMILAR)
        for position in np.flatnonzero(lengths[:, 0] > 0)
    ]


if __name__ == "__main__":
    main()

"""The app and its API over a whole catalogue, without Airflow, Spark and the lake.

    python -m benchmarks.app_alone [--archive ml-1m.zip]

Fills a temporary Postgres with MovieLens 1M from its archive, else with the playground's invented
catalogue, and serves until it is interrupted. Factors come from ALS in numpy, by the very formula
with which the API folds people in: good enough to look at, not judged by anything.
"""

import argparse
import json
import re
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

RANK, ROUNDS, LISTED, ALIKE, SIZE = 16, 6, 100, 40, 200_000
FADING_DAYS, DAY_MICROS = 14, 86_400_000_000
CONSTANTS = {
    "relevant_from": 4.0,
    "weighting": "minus_midpoint",
    "midpoint": 3.0,
    "reg": 0.1,
    "alpha": 2.0,
}
ARTICLE_LAST = re.compile(r"^(.+), (The|An|A|Les|Le|La|Il|El|Das|Der|Die)((?: \(.*)?)$")

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """Items as the API takes them, and ratings: `item` is a place in `items`, `micros` when."""

    dataset: Dataset
    items: list[dict[str, object]]
    rated: pd.DataFrame  # user_id, item, value, micros

    def by(self, name: str) -> dict[object, Ratings]:
        """Return the ratings of each user with items as places, or of each item with users so."""
        other = "item" if name == "user_id" else "user"
        return {
            key: Ratings(*(found[each].to_numpy() for each in (other, "value", "micros")))
            for key, found in self.rated.groupby(name, sort=True)
        }


def main() -> None:
    """Serve, and say where."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--archive", type=Path, help="ml-1m.zip; else an invented catalogue")
    given = arguments.parse_args()
    with app(catalogue(given.archive)) as url:
        print(url, flush=True)
        Event().wait()


def catalogue(archive: Path | None) -> Known:
    """Return what there is to show: MovieLens 1M, or invented films without its archive."""
    return movielens(archive) if archive else invented(SIZE)


@contextmanager
def app(known: Known) -> Iterator[str]:
    """Yield the address of the app over this catalogue."""
    name = known.dataset.name
    with temporary_server() as server, tempfile.TemporaryDirectory() as folder:
        owner = create_database(server.url("postgres"), "alone")
        key = fill(owner, known)
        keys_file = Path(folder, "keys.json")
        keys_file.write_text(json.dumps({name: key}))
        with running_api(as_role(owner, "api")) as api:
            settings = {"DEMO_API_URL": api, "DEMO_KEYS_FILE": str(keys_file)}
            with streamlit_server.served(settings, Path(folder, "app.log")) as url:
                yield url


def fill(owner: str, known: Known) -> str:
    """Publish a release of the catalogue; return a key that may read and write."""
    name = known.dataset.name
    database.migrate(owner, name)
    database.grant(owner, name)
    batches = {table: pa.Table.from_pylist(rows).to_batches() for table, rows in made(known)}
    said = known.dataset
    about: dict[str, object] = {"dataset": name, "lowest": 1.0, "highest": 5.0, "step": 1.0}
    about |= {"title": said.title, "item_noun": said.item_noun, "licence": said.licence}
    fit = Candidate("alone", "first", "als_numpy", {}, CONSTANTS, about, {})
    engine = database.connect(owner, name)
    publish(engine, fit, batches, actor="alone", reason="To look at.", instead_of=None)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "alone", ["read", "feedback"])
    engine.dispose()
    return key


def made(known: Known) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Yield the rows of each table of a release."""
    people, rows = known.by("user_id"), factors(known)
    ids = [str(item["item_id"]) for item in known.items]
    popularity, trending = liked(known)
    folds = FoldIn(rows, Constants.model_validate(CONSTANTS))
    yield "items", known.items
    yield "profiles", [_profile(str(user_id), ids, ratings) for user_id, ratings in people.items()]
    lists = []
    for user_id, ratings in people.items():
        if folded := folds.fold(ratings):
            scores = folds.scores(folded)
            scores[ratings.positions] = -np.inf
            lists.append({"user_id": user_id} | _list(ids, scores, LISTED))
    yield "recommendations", lists
    yield "fallback_lists", [{"segment": ""} | _list(ids, popularity, LISTED)]
    yield (
        "item_factors",
        [
            {"item_id": ids[n], "factors": rows[n].tolist(), "popularity": float(popularity[n])}
            | {"trending": float(trending[n])}
            for n in range(len(ids))
        ],
    )
    yield "similar_items", _similar(ids, rows)


def factors(known: Known) -> Matrix:
    """Return (items, RANK): each side is folded into the other, time after time."""
    constants = Constants.model_validate(CONSTANTS)
    users, items = known.by("user_id"), known.by("item")
    random = np.random.default_rng(7)
    rows = random.normal(0, 0.1, (len(known.items), RANK)).astype(np.float32)
    for _ in range(ROUNDS):
        theirs = _folded(rows, constants, users, len(users))
        rows = _folded(theirs, constants, items, len(known.items))
    return rows


def liked(known: Known) -> tuple[Matrix, Matrix]:
    """Return how many liked each item, and how many lately."""
    likes = known.rated[known.rated["value"] >= CONSTANTS["relevant_from"]]
    age = (likes["micros"].max() - likes["micros"]) / DAY_MICROS
    n = len(known.items)
    lately = np.bincount(likes["item"], weights=0.5 ** (age / FADING_DAYS), minlength=n)
    return (
        np.bincount(likes["item"], minlength=n).astype(np.float32),
        lately.astype(np.float32),
    )


def movielens(archive: Path) -> Known:
    """Return MovieLens 1M as its archive has it, titles as people read them."""
    with zipfile.ZipFile(archive) as files:
        lines = files.read("ml-1m/movies.dat").decode("iso-8859-1").splitlines()
        with files.open("ml-1m/ratings.dat") as file:
            rated = pd.read_csv(file, sep=":", header=None, usecols=[0, 2, 4, 6])
    rated.columns = pd.Index(["user_id", "item_id", "value", "seconds"])
    items = [_film(*line.split("::")) for line in lines]
    return _known("movielens_1m", items, rated.astype({"user_id": str, "item_id": str}))


def invented(size: int) -> Known:
    """Return the playground's catalogue, and what its people would rate."""
    truth = generate(size, seed=7)
    rated = pd.concat(
        playground._ratings_frame(truth, user)  # noqa: SLF001 # as its files have them
        for user in range(truth.n_users)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "items.csv")
        playground._write_items(truth, file)  # noqa: SLF001
        read = pd.read_csv(file, dtype=str)
    read["categories"] = read["categories"].str.split("|")
    read["released"] = read["released"].astype(int)
    found = [dict(zip(read.columns, row, strict=True)) for row in read.to_numpy().tolist()]
    return _known(
        "playground", found, rated.rename(columns={"stars": "value", "rated_at": "seconds"})
    )


def _known(name: str, items: list[dict[str, object]], rated: pd.DataFrame) -> Known:
    items = sorted(items, key=lambda item: str(item["item_id"]).encode())
    places = {item["item_id"]: n for n, item in enumerate(items)}
    rated["item"] = rated["item_id"].map(places)
    rated["user"] = rated["user_id"].astype("category").cat.codes.astype(np.int64)
    rated["value"] = rated["value"].astype(float)
    rated["micros"] = rated["seconds"] * 1_000_000
    return Known(datasets.load_named(name), items, rated)


def _film(item_id: str, title: str, genres: str) -> dict[str, object]:
    shown, year = title[:-7], int(title[-5:-1])
    return {
        "item_id": item_id,
        "title": ARTICLE_LAST.sub(r"\2 \1\3", shown),
        "categories": genres.split("|"),
        "vendor": None,
        "released": year,
    }


def _folded(rows: Matrix, said: Constants, rated: dict[object, Ratings], n: int) -> Matrix:
    folds, found = FoldIn(rows, said), np.zeros((n, RANK), np.float32)
    for place, (key, theirs) in enumerate(rated.items()):
        if folded := folds.fold(theirs):
            found[key if isinstance(key, int) else place] = folded.row
    return found


def _list(ids: list[str], scores: Matrix, n: int) -> dict[str, object]:
    places = top_n(scores, n)
    return {"item_ids": [ids[at] for at in places], "scores": scores[places].tolist()}


def _profile(user_id: str, ids: list[str], ratings: Ratings) -> dict[str, object]:
    newest = np.argsort(-ratings.micros, kind="stable")
    return {
        "user_id": user_id,
        "segment": "",
        "item_ids": [ids[at] for at in ratings.positions[newest]],
        "ratings": ratings.values[newest].tolist(),  # noqa: PD011 # no frame
        "rated_at": pd.to_datetime(ratings.micros[newest], unit="us", utc=True).to_pydatetime(),
    }


def _similar(ids: list[str], rows: Matrix) -> list[dict[str, object]]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.maximum(length, 1e-9)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    return [
        {"item_id": ids[n]} | _list(ids, alike[n], ALIKE) for n in np.flatnonzero(length[:, 0] > 0)
    ]


if __name__ == "__main__":
    main()

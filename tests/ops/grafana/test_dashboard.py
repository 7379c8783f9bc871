"""The Grafana dashboard shows the metrics that the API exports, and no others."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ops.settings import ROOT
from serving.api.datasets import Datasets
from serving.api.metrics import Metrics
from serving.api.settings import ApiSettings

AWAY = "postgresql+psycopg2://api:x@127.0.0.1:1/lantern"
METRIC = re.compile(r"\b(?:lantern|process)_[a-z_]+\b")
SUFFIXES = ("_total", "_bucket")
NOT_SHOWN: set[str] = set()  # our metrics that the dashboard leaves out, each with its reason

Board = dict[str, Any]


@pytest.fixture(scope="module")
def board() -> Board:
    content: Board = json.loads((ROOT / "ops/grafana/lantern.json").read_text())
    return content


@pytest.fixture(scope="module")
def exported() -> set[str]:
    """The metrics of an API, without a database."""
    datasets = Datasets(AWAY, ApiSettings())
    text = generate_latest(Metrics(datasets).registry).decode()
    datasets.close()
    return {family.name for family in text_string_to_metric_families(text)}


def expressions(board: Board) -> Iterator[str]:
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in board["templating"]["list"]:
        yield variable["query"]


def shown(board: Board) -> set[str]:
    names = {name for text in expressions(board) for name in METRIC.findall(text)}
    return {re.sub(rf"({'|'.join(SUFFIXES)})$", "", name) for name in names}


def test_every_metric_of_the_dashboard_is_exported(board: Board, exported: set[str]) -> None:
    assert shown(board)
    assert shown(board) - exported == set()


def test_every_metric_of_ours_is_shown(board: Board, exported: set[str]) -> None:
    ours = {name for name in exported if name.startswith("lantern_")}
    assert ours - shown(board) == NOT_SHOWN


def test_panels_have_titles_and_do_not_overlap(board: Board) -> None:
    places = set[tuple[int, int]]()
    for panel in board["panels"]:
        assert panel["title"]
        at = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not covered & places, panel["title"]
        assert at["x"] + at["w"] <= 24
        places |= covered
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len({*ids})

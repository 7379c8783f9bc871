"""Two recipes side by side."""

import json

import pytest

from dashboards.console.models import comparison, metrics
from dashboards.console.models.comparison import Side
from dashboards.console.retrain_rows import Figure, Retrain
from dashboards.text import NO_VALUE, with_minus
from tests.support.dashboards import searched, shop
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import MODELS, opened

VERDICT = shop.verdicts()[0]


def side(recipe: str, ndcg: float, *, gini: float = 0.9, rank: int = 8) -> Side:
    described = json.dumps({"kind": "als", "als": {"rank": rank, "reg": 0.1}, "half_life": None})
    figures = [
        Figure(recipe, "challenger", "gate", "warm", name, value, 9, None, described)
        for name, value in (("ndcg@10", ndcg), ("gini@10", gini))
    ]
    return Side(Retrain("a__retrain/one", shop.NOW, "", None, VERDICT), recipe, figures)


def test_only_what_differs_is_shown_unless_all_is_wanted() -> None:
    a, b = side("a", 0.27, rank=8), side("b", 0.28, rank=12)

    assert comparison.metrics(a, b, with_equal=False) == [
        ("Known users: NDCG@10 ↑", "0.2700", "0.2800", ":green[+0.0100]")
    ]
    assert len(comparison.metrics(a, b, with_equal=True)) == 2
    assert comparison.parameters(a, b, with_equal=False) == [(r"als\.rank", "8", "12", "")]
    assert len(comparison.parameters(a, b, with_equal=True)) == 4
    assert comparison.leads(a, b, with_equal=False) == []
    assert comparison.leads(a, b, with_equal=True)[0][1].startswith("+0.0080 (+0.0021 to +0.0139)")


def test_a_lower_gini_is_better_and_the_smallest_difference_is_none() -> None:
    a, b = side("a", 0.27, gini=0.9), side("b", 0.27001, gini=0.8)

    assert comparison.metrics(a, b, with_equal=False) == [
        ("Known users: Gini ↓", "0.900", "0.800", with_minus(":green[-0.100]"))
    ]


def test_a_metric_that_one_side_lacks_has_no_difference() -> None:
    a, b = side("a", 0.27), side("b", 0.27)
    b = Side(b.retrain, b.recipe, b.figures[:1])

    assert comparison.metrics(a, b, with_equal=False) == [
        ("Known users: Gini ↓", "0.900", NO_VALUE, "")
    ]


@pytest.mark.usefixtures("console", "retrained_lake")
def test_two_recipes_of_a_retrain_are_compared_by_an_address(page: Page) -> None:
    app = opened(page, MODELS, **{"retrain": searched.SEARCHED, "with": searched.SEARCHED})

    assert app.selectbox(key=f"recipe_a_{searched.SEARCHED}").value == "als_7f3a"
    assert app.selectbox(key=f"recipe_b_{searched.SEARCHED}").value == "als_11c0"
    text = cells(app).replace("\\", "")
    assert "Known users: NDCG@10 ↑" in text
    assert with_minus(":red[-0.0080]") in text
    assert "lead in NDCG" not in words(app)  # both have the same one
    assert "Another recipe of this retrain" in app.selectbox(key="compared_retrain").options
    assert "als.reg" in text
    assert "als.rank" not in text  # it is equal
    assert "Leaderboard" not in words(app)

    app.toggle(key="show_equal").set_value(True).run()
    assert "als.rank" in cells(app).replace("\\", "")


@pytest.mark.usefixtures("console", "retrained_lake")
def test_the_address_names_both_retrains(page: Page) -> None:
    app = opened(page, MODELS)

    app.selectbox(key="compared_retrain").set_value(searched.SEARCHED).run()

    assert not app.exception
    assert app.query_params["retrain"] == searched.RUNNING
    assert app.query_params["with"] == searched.SEARCHED
    assert "no evaluation yet" in words(app)
    app.selectbox(key="compared_retrain").set_value(None).run()
    assert "with" not in app.query_params


def test_every_metric_says_what_it_means_its_unit_and_its_direction() -> None:
    rows = metrics.rows()
    assert {row["Better"] for row in rows} == {"Higher ↑", "Lower ↓", "Depends"}
    assert all(row["What it says"].endswith(".") and row["Unit"] for row in rows)

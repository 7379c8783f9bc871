import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console.models import leaderboard
from dashboards.console.retrain_rows import Figure
from tests.support.dashboards import searched
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import MODELS, opened


def leaderboard_columns(app: AppTest) -> list[str]:
    [columns] = [list(map(str, t.value)) for t in app.table if "MAP@10" in t.value]
    return columns


@pytest.mark.usefixtures("console", "retrained_lake")
def test_each_slice_has_its_own_leaderboard(page: Page) -> None:
    app = opened(page, MODELS, retrain=searched.SEARCHED)
    assert "Coverage" in leaderboard_columns(app)

    app.segmented_control(key="slice").set_value("cold").run()

    assert not app.exception
    assert "0.4035" in cells(app)
    assert "Coverage" not in leaderboard_columns(app)
    assert " s]" in cells(app)  # the duration of the training
    assert "643 users" in words(app)


def test_the_best_value_is_bold_unless_all_are_equal_or_lower_is_better() -> None:
    def figure(recipe: str, metric: str, value: float) -> Figure:
        return Figure(recipe, "challenger", "gate", "warm", metric, value, 9, None)

    rows = leaderboard.rows(
        [
            figure("a", "ndcg@10", 0.2),
            figure("b", "ndcg@10", 0.3),
            figure("a", "gini@10", 0.9),
            figure("b", "gini@10", 0.8),
            figure("a", "recall@10", 0.1),
            figure("b", "recall@10", 0.1),
        ],
        "warm",
    )
    assert [row["NDCG@10"] for row in rows] == ["**0.3000**", "0.2000"]
    assert [row["Gini"] for row in rows] == ["0.800", "0.900"]
    assert [row["Recall@10"] for row in rows] == ["0.100", "0.100"]
    assert "Coverage" not in rows[0]

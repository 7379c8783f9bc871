from datetime import timedelta

from airflow_api.answers import Question
from dashboards.console import badges
from dashboards.console.models import history
from dashboards.console.retrain_rows import Retrain
from tests.support.dashboards import shop


def test_the_outcome_of_a_retrain_is_a_badge() -> None:
    retrain = Retrain("a__retrain/one", shop.NOW, "", None, shop.verdicts()[0])
    waiting = Question("approve", "?", "", shop.NOW, None, None, None)
    rejected = Question("approve", "?", "", shop.NOW, "Reject", None, shop.NOW)

    assert history.outcome(retrain).label == "Promoted"
    assert history.outcome(retrain, waiting, {"one"}) == badges.NEEDS_APPROVAL
    assert history.outcome(retrain, rejected) == badges.REJECTED
    assert history.outcome(retrain, None, {"one"}).label == "Running"
    without_verdict = Retrain("a__retrain/one", shop.NOW, "", None, None)
    assert history.outcome(without_verdict).label == "No verdict"
    assert history.outcome(without_verdict, stopped={"one"}) == badges.STOPPED


def test_a_retrain_keeps_its_label_from_start_to_end() -> None:
    started = Retrain("a__retrain/one", shop.NOW, "New rows", None, None)
    ended = Retrain("a__retrain/one", shop.NOW, "New rows", None, shop.verdicts()[0])
    later = Retrain("a__retrain/two", shop.NOW + timedelta(seconds=1), "New rows", None, None)

    assert history.label(started) == history.label(ended) != history.label(later)


def test_a_retrain_has_the_time_at_which_it_was_requested() -> None:
    waited = "a__retrain/manual__2026-11-29T15:31:24.703389+00:00"

    label = history.label(Retrain(waited, shop.NOW, "New rows", None, None))

    assert label == "29 Nov 15:31:24 UTC · New rows"


def test_the_trend_has_a_row_per_retrain_and_role() -> None:
    retrains = [
        Retrain(verdict.retrain_id, verdict.decided_at, "", None, verdict)
        for verdict in shop.verdicts()
    ]

    rows = history.trend(retrains)

    assert list(rows["role"]) == ["Challenger", "Live recipe", "Popularity"] * 2
    assert list(rows["value"][::3]) == [0.2655, 0.2690]


def test_the_line_of_popularity_has_the_best_popularity_recipe_whatever_its_role() -> None:
    of_role, of_challenger = shop.verdicts()[0], shop.lost()
    retrains = [
        Retrain(f"r{n}", shop.NOW, "", None, v) for n, v in enumerate((of_challenger, of_role))
    ]

    rows = history.trend(retrains)

    assert list(rows[rows["role"] == "Popularity"]["value"]) == [0.25, 0.25]

import re
from pathlib import Path

from dashboards.console import verdict
from jobs.engine.judging import gate
from serving.schemas import Comparison


def against(recipe: str, difference: float, half_width: float = 0.004) -> Comparison:
    return Comparison(
        recipe=recipe,
        role="popularity",
        slice="warm",
        metric="ndcg@10",
        n_users=50,
        value=0.2,
        difference=difference,
        low=difference - half_width,
        high=difference + half_width,
    )


def test_leads_that_are_far_off_are_not_drawn() -> None:
    rows, far = verdict.leads([against("a", 0.003), against("b", -0.004), against("c", 0.25)])

    assert list(rows["recipe"]) == ["a", "b"]
    assert [comparison.recipe for comparison in far] == ["c"]


def test_a_lead_is_better_worse_or_unclear() -> None:
    rows, _ = verdict.leads([against("a", 0.01), against("b", -0.01), against("c", 0.001)])

    assert list(rows["significance"]) == ["better", "worse", "unclear"]


def test_if_all_leads_are_far_off_all_are_drawn() -> None:
    rows, far = verdict.leads([against("a", 0.25), against("b", 0.3)])

    assert len(rows) == 2
    assert not far


def test_a_recipe_without_an_interval_is_not_drawn() -> None:
    without_interval = against("a", 0).model_copy(update={"difference": None})

    rows, far = verdict.leads([without_interval])

    assert rows.empty
    assert not far


def test_what_a_criterion_is_required_for_is_known_by_its_name() -> None:
    names = set(re.findall(r'"([A-Z][a-z ]+)"', Path(gate.__file__).read_text()))

    assert verdict.REQUIRED_FOR.keys() <= names

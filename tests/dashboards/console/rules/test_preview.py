import pytest

from dashboards.console.rules import preview
from dashboards.text import with_minus
from tests.support.dashboards.app_pages import Page, words
from tests.support.dashboards.console_pages import RULES, metrics, opened, press
from tests.support.dashboards.fake_rules import FakeRules


@pytest.mark.usefixtures("rules")
def test_a_preview_shows_the_change_of_each_figure(page: Page) -> None:
    app = press(opened(page, RULES), "draft_clear")

    press(app, "preview_rules")

    text = words(app)
    assert "No significant change in relevance" in text
    assert with_minus("-0.0021 to +0.0013") in text
    figures = metrics(app)
    assert figures["NDCG@10"] == ("0.2686", "-0.0004")
    assert figures["Users with a changed list"] == ("34%", "of 1,000")
    assert figures["Coverage"] == ("0.104", "0.000")
    assert {"Recall@10", "Exposure (Gini)", "Diversity"} < set(figures)
    assert "Without any rules: NDCG@10 0.2694" in text
    assert "The rules allow 3,000 films on lists." in text
    assert not app.warning
    assert len(app.get("vega_lite_chart")) == 2


def test_rules_that_allow_no_item_get_a_warning(page: Page, rules: FakeRules) -> None:
    rules.n_allowed = 0
    app = press(opened(page, RULES), "draft_clear")

    press(app, "preview_rules")

    assert next(warning.value for warning in app.warning).startswith("These rules allow no item")


def test_without_a_live_release_no_items_are_counted(page: Page, rules: FakeRules) -> None:
    rules.n_allowed = None
    app = press(opened(page, RULES), "draft_clear")

    press(app, "preview_rules")

    assert "The rules allow" not in words(app)
    assert not app.warning


@pytest.mark.parametrize(
    ("change", "conclusion"),
    [
        ((0.004, 0.001, 0.007), "Lists become more relevant"),
        ((-0.004, -0.007, -0.001), "Lists become less relevant"),
        ((0.001, -0.002, 0.004), "No significant change in relevance"),
    ],
)
def test_a_change_is_stated_only_if_its_interval_excludes_zero(
    change: tuple[float, float, float], conclusion: str
) -> None:
    result = FakeRules(change=change).preview({})

    assert result
    assert conclusion in preview.conclusion(result)


def test_exposure_is_charted_by_kind_with_the_largest_changes_first() -> None:
    result = FakeRules().preview({})
    assert result

    categories = preview.exposure(result.exposure, "category")
    vendors = preview.exposure(result.exposure, "vendor")

    assert list(categories["name"][::2]) == [
        "Drama", "Comedy", "Documentary", "Sci-Fi", "Western", "Mystery",
    ]  # fmt: skip
    assert list(categories["share"][:2]) == [0.412, 0.318]
    assert set(vendors["name"]) == {"Sarn Pictures", "<i>Otto & Sons</i>"}
    assert "Active rules" in preview.chart(categories, ["#000", "#fff"]).to_json()

import pytest

from dashboards import product_api
from dashboards.console import sources
from dashboards.console.rules import descriptions
from dashboards.text import esc
from serving.errors import NoReleaseError
from serving.schemas import SlateRules
from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import RULES, opened, signed_in, warnings
from tests.support.dashboards.fake_airflow import PASSWORD, USER
from tests.support.dashboards.fake_rules import HIDDEN, PINNED, FakeRules
from tests.support.dashboards.rules_pages import can_activate, previewed


@pytest.mark.usefixtures("rules")
def test_the_active_rules_are_shown_with_author_time_and_reason(page: Page) -> None:
    text = words(opened(page, RULES))

    assert f"**Hidden:** {esc(HIDDEN.title)}" in text
    assert f"**Pinned:** {esc(PINNED.title)} at rank 3" in text
    assert "violet-badge[Version 2]" in text
    assert r"festival \<b\>week\<\/b\>" in text
    assert "ada, " in text
    assert "UTC" in text


def test_without_any_version_there_are_no_rules(page: Page, rules: FakeRules) -> None:
    rules.versions.clear()

    app = opened(page, RULES)

    assert descriptions.NO_RULES in words(app)
    assert "No rules have been activated yet" in words(app)
    assert previewed(app) == SlateRules()
    assert not can_activate(app)


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ((403, "scope-missing"), "This needs the role Op or Admin"),
        ((503, "operators-not-configured"), "cannot check operators"),
        ((503, "api-unavailable"), "API did not answer this request"),
        ((404, "unknown-dataset"), "API did not answer this request"),
    ],
)
def test_without_access_the_page_shows_a_message_and_no_buttons(
    page: Page, rules: FakeRules, refusal: tuple[int, str], message: str
) -> None:
    rules.refusal = refusal

    app = opened(page, RULES)

    assert message in warnings(app)
    assert keys(app) == {"sign_out"}
    assert not app.text_input


def test_answers_of_the_api_are_cached_per_token(page: Page, rules: FakeRules) -> None:
    opened(page, RULES)
    rules.refusal = (403, "scope-missing")
    app = page(RULES)
    other = sources.sign_in(USER, PASSWORD)
    other.airflow.token = USER  # any other text
    signed_in(app, other)

    app.run()

    assert "**Hidden:**" not in words(app)


def test_an_item_that_is_not_in_the_catalogue_is_shown_by_its_id(
    page: Page, rules: FakeRules
) -> None:
    rules.replace({"rules": {"hide": ["gone"]}, "instead_of": 2, "reason": "x"}, "ada")

    app = opened(page, RULES)

    assert "**Hidden:** gone" in words(app)
    assert previewed(app).hide == ("gone",)


@pytest.mark.usefixtures("rules")
def test_without_a_release_the_page_does_not_lead_to_the_console_that_it_is_in(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_release(_: str) -> None:
        raise NoReleaseError

    monkeypatch.setattr(product_api, "about", no_release)

    app = opened(page, RULES)

    [link] = app.get("page_link")
    assert "Overview" in str(link.proto)
    assert "Open the console" not in str(link.proto)
    assert "The overview shows the progress" in words(app)

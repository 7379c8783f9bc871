"""The tables on the page "Explore"."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.dashboards.app_pages import Page, cells, keys, words
from tests.support.dashboards.console_pages import EXPLORE, opened, press, warnings


@pytest.mark.usefixtures("lake", "asked")
def test_a_click_on_a_table_inserts_its_name_and_shows_it(page: Page) -> None:
    app = press(opened(page, EXPLORE), "insert_silver.items")
    editor = app.text_area(key="explore_sql")
    assert editor.value == "select *\nfrom silver.items\nlimit 100"
    assert "The catalogue" in words(app)

    press(app, "insert_silver.users")
    assert editor_text(app) == "select *\nfrom silver.users\nlimit 100"

    app.text_area(key="explore_sql").set_value("select * from").run()
    press(app, "insert_silver.items")
    assert editor_text(app) == "select * from silver.items"


def editor_text(app: AppTest) -> str:
    return str(app.text_area(key="explore_sql").value)


@pytest.mark.usefixtures("lake")
def test_a_table_has_columns_sample_history_and_checks(page: Page) -> None:
    app = opened(page, EXPLORE)
    app.selectbox(key="explore_table").set_value("gold.verdicts").run()

    text = cells(app).replace("\\", "")
    assert "Name of the chosen recipe" in text
    assert "known_verdict" in text
    assert "the table, on every write" in text
    assert "A *new* year" in text
    assert "Retrain of 5 Jan 13:00 UTC" in text
    assert "Rows added" in text
    assert "hold" in str(app.dataframe[-1].value.to_dict("records"))

    app.selectbox(key="explore_table").set_value("gold.purges").run()
    assert "does not exist yet" in words(app)
    assert "insert_gold.purges" not in keys(app)


@pytest.mark.usefixtures("lake")
def test_users_ids_are_named_personal_data(page: Page) -> None:
    assert "personal data" in warnings(opened(page, EXPLORE))

import json
from pathlib import Path

import pytest
import streamlit as st

from dashboards import product_api
from dashboards.settings import NotSetUpError
from serving.errors import ApiUnavailableError, KeyRefusedError, NoReleaseError
from serving.schemas import ItemDetails
from tests.support.dashboards import shop
from tests.support.dashboards.fake_api import KEY, fake_api
from tests.support.dashboards.visitors import Visitors


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"books": "other", "playground": KEY}))
    monkeypatch.setenv("DEMO_KEYS_FILE", str(file))
    monkeypatch.setenv("DEMO_API_URL", "http://127.0.0.1:9")
    return file


@pytest.mark.usefixtures("keys")
def test_the_default_data_set_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DATASET", "playground")

    assert product_api.datasets() == ("playground", "books")


@pytest.mark.usefixtures("keys")
def test_every_answer_comes_from_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)

        item_id = shop.ITEMS[0].item_id
        assert product_api.about("playground").value == shop.about()
        assert product_api.users("playground").value == shop.users()
        assert product_api.placement("playground", "home", "0042", ()).value.shelves
        assert product_api.ratings("playground", "0042").value.total == 8
        item, similar = (
            product_api.item("playground", item_id),
            product_api.similar("playground", item_id, 2),
        )
        assert item
        assert item.value == ItemDetails(**shop.ITEMS[0].model_dump())
        assert similar
        assert len(similar.value.items) == 2
        assert product_api.items("playground", "salt", None, 10, 0).value.total == 3


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("per_request", [1, 3, 4, 8, 100])
def test_all_ratings_are_fetched_with_any_number_per_request(
    monkeypatch: pytest.MonkeyPatch, per_request: int
) -> None:
    expected = Visitors().ratings("0042", 100).items
    monkeypatch.setattr(product_api, "RATINGS_PER_REQUEST", per_request)
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)

        ratings = product_api.ratings("playground", "0042").value

    assert (ratings.items, ratings.total) == (expected, 8)


@pytest.mark.usefixtures("keys")
def test_no_offset_beyond_the_limit_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Visitors().ratings("0042", 100).items
    monkeypatch.setattr(product_api, "RATINGS_PER_REQUEST", 2)
    monkeypatch.setattr(product_api, "MAX_RATINGS_OFFSET", 4)
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)

        assert product_api.ratings("playground", "0042").value.items == expected[:6]


@pytest.mark.usefixtures("keys")
def test_an_unknown_item_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)

        assert product_api.item("playground", "nothing") is None
        assert product_api.similar("playground", "nothing", 5) is None


@pytest.mark.usefixtures("keys")
def test_the_latest_answer_is_used_without_the_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)
        fresh = product_api.about("playground")
    st.cache_data.clear()  # as a visitor could make Streamlit do
    st.cache_resource.clear()

    old = product_api.about("playground")

    assert not fresh.stale
    assert old.stale
    assert (old.value, old.at) == (fresh.value, fresh.at)


@pytest.mark.usefixtures("keys")
def test_without_an_earlier_answer_the_error_is_raised() -> None:
    with pytest.raises(ApiUnavailableError):
        product_api.about("playground")


@pytest.mark.usefixtures("keys")
def test_a_rejected_key_is_not_hidden_by_an_earlier_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)

        with pytest.raises(KeyRefusedError):
            product_api.about("books")


@pytest.mark.usefixtures("keys")
def test_titles_default_to_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)

        assert product_api.titles() == {"books": "books", "playground": "Playground"}


@pytest.mark.usefixtures("keys")
def test_data_sets_without_a_release_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def about(_: str) -> None:
        raise NoReleaseError

    monkeypatch.setattr(product_api, "about", about)
    monkeypatch.setattr(product_api, "datasets", lambda: ("movielens_small",))

    assert product_api.titles() == {"movielens_small": "Movielens small (no release yet)"}


@pytest.mark.usefixtures("keys")
def test_a_title_is_the_name_while_the_api_is_unavailable() -> None:
    assert product_api.title("playground") == "playground"


@pytest.mark.parametrize("content", ["", "[]", "{}", "not json"])
def test_a_file_without_keys_means_not_set_up(keys: Path, content: str) -> None:
    keys.write_text(content)

    with pytest.raises(NotSetUpError):
        product_api.datasets()
    assert product_api.titles() == {}


@pytest.mark.usefixtures("keys")
def test_a_data_set_without_a_key_means_not_set_up() -> None:
    with pytest.raises(NotSetUpError, match="music"):
        product_api.about("music")


def test_missing_settings_mean_not_set_up() -> None:
    with pytest.raises(NotSetUpError, match="DEMO_API_URL"):
        product_api.datasets()

"""The memory of answers is bounded by bytes and by hours, and it drops erased users."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st

from dashboards import answers, product_api
from dashboards.answers import AnswerMemory, CachedAnswer
from serving.errors import ApiUnavailableError
from serving.schemas import User
from tests.support.dashboards import shop
from tests.support.dashboards.fake_api import KEY, fake_api

NOW = datetime.now(UTC)


def user(user_id: str, *, age: timedelta = timedelta(0)) -> CachedAnswer[User]:
    return CachedAnswer(User(user_id=user_id, n_rated=0), NOW - age)


def test_the_latest_answer_is_kept_as_stale() -> None:
    memory = AnswerMemory()
    memory.put(("user", "books", "1"), user("1", age=timedelta(hours=1)))
    latest = user("1")

    memory.put(("user", "books", "1"), latest)

    assert memory.get(("user", "books", "1")) == CachedAnswer(latest.value, latest.at, stale=True)
    assert memory.get(("user", "books", "2")) is None


@pytest.mark.parametrize("answer", [shop.about(), shop.users(), []])
def test_any_answer_is_the_same_again(answer: object) -> None:
    memory = AnswerMemory()
    memory.put(("q", "books"), CachedAnswer(answer, NOW))
    again = memory.get(("q", "books"))
    assert again
    assert again.value == answer


def test_the_oldest_answers_are_dropped_above_the_limit_of_bytes() -> None:
    size = len(user("00").value.model_dump_json())
    memory = AnswerMemory(max_bytes=3 * size)

    for number in range(10):
        memory.put(("user", "books", f"{number:02}"), user(f"{number:02}"))
    memory.put(("user", "books", "07"), user("07"))

    kept = [n for n in range(10) if memory.get(("user", "books", f"{n:02}"))]
    assert kept == [7, 8, 9]
    assert memory.n_bytes == 3 * size


def test_small_answers_are_bounded_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWERS", 3)
    memory = AnswerMemory()
    for number in range(10):
        memory.put(("items", "books", f"word {number}"), CachedAnswer([], NOW))
    kept = [n for n in range(10) if memory.get(("items", "books", f"word {n}"))]
    assert kept == [7, 8, 9]


def test_an_answer_larger_than_the_limit_is_not_kept() -> None:
    memory = AnswerMemory(max_bytes=10)
    memory.put(("user", "books", "1"), user("1"))
    assert memory.get(("user", "books", "1")) is None
    assert memory.n_bytes == 0


def test_an_old_answer_is_not_shown_and_dropped_by_the_next() -> None:
    memory = AnswerMemory(max_age=timedelta(hours=6))
    memory.put(("user", "books", "2"), user("2", age=timedelta(hours=5)))
    memory.put(("user", "books", "1"), user("1"))
    old = AnswerMemory(max_age=timedelta(hours=1))
    old.put(("user", "books", "1"), user("1", age=timedelta(hours=2)))

    assert memory.get(("user", "books", "2"))
    assert old.get(("user", "books", "1")) is None
    assert old.n_bytes == 0


def test_every_answer_about_a_user_is_dropped() -> None:
    memory = AnswerMemory()
    for question in (
        ("ratings", "books", "1"), ("explanation", "books", "1", "a"), ("ratings", "books", "2"),
        ("ratings", "music", "1"),
    ):  # fmt: skip
        memory.put(question, user("1"))

    memory.drop_user("books", "1")

    assert memory.get(("ratings", "books", "1")) is None
    assert memory.get(("explanation", "books", "1", "a")) is None
    assert memory.get(("ratings", "books", "2"))
    assert memory.get(("ratings", "music", "1"))


def test_an_erased_user_is_not_shown_while_the_api_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(f'{{"playground": "{KEY}"}}')
    monkeypatch.setenv("DEMO_KEYS_FILE", str(file))
    with fake_api() as url:
        monkeypatch.setenv("DEMO_API_URL", url)
        for user_id in ("0042", "0043"):
            product_api.ratings("playground", user_id)
        product_api.users("playground")

    product_api.forget_user("playground", "0042")

    assert product_api.ratings("playground", "0043").stale
    for asked_again in (
        lambda: product_api.ratings("playground", "0042"),
        lambda: product_api.users("playground"),
    ):
        with pytest.raises(ApiUnavailableError):
            asked_again()
    st.cache_data.clear()

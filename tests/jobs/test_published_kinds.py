"""What the API is given of the manifest: its kinds, and what the app shows."""

import pytest

from jobs.publish import display, kinds
from serving.schemas import Display, KindMeaning
from warehouse import datasets
from warehouse.datasets import Dataset


def dataset(**of_kinds: dict[str, object]) -> Dataset:
    return Dataset.model_validate(
        {
            "name": "shop",
            "title": "Shop",
            "licence": "Ours.",
            "source": {"kind": "inbox"},
            "events": [{"file": "e.csv", "user": "u", "item": "i", "kind_column": "k"}],
            "kinds": of_kinds,
        }
    )


def test_the_kinds_are_published_with_what_they_mean() -> None:
    published = kinds(
        dataset(
            view={},
            purchase={"weight": 5, "positive": True, "positive_from": 2, "repeatable": True},
            heard={"value": "share", "past": "listened to"},
        )
    )

    meanings = {name: KindMeaning.model_validate(fields) for name, fields in published.items()}
    assert meanings == {
        "heard": KindMeaning(
            weight=1, value="share", positive_from=None, repeatable=True, past="listened to"
        ),
        "purchase": KindMeaning(
            weight=5, value="count", positive_from=2, repeatable=True, past="bought"
        ),
        "view": KindMeaning(
            weight=1, value="count", positive_from=None, repeatable=True, past="viewed"
        ),
    }


def test_what_the_app_shows_is_published_but_for_the_hosts_of_pictures() -> None:
    published = display(datasets.load_named("playground_shop"))

    shown = Display(price="price", currency="EUR", stock="stock", since="since")
    assert Display.model_validate(published) == shown
    assert published.keys() == shown.model_dump().keys()


@pytest.mark.parametrize(("positive", "repeatable"), [(True, False), (False, True)])
def test_by_default_positive_kinds_are_not_repeatable(positive: bool, repeatable: bool) -> None:  # noqa: FBT001 # a parameter of the test
    published = kinds(dataset(buy={"positive": positive}, view={"positive": False}))

    assert published["buy"]["repeatable"] is repeatable

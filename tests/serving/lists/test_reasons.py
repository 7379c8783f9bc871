import numpy as np
import pytest

from serving.lists.reasons import in_units, telling


@pytest.mark.parametrize(
    ("parts", "which"),
    [
        ([0.3, 0.2, 0.4], 0),  # together the two ratings weigh more than the prior
        ([0.2, 0.3, 0.5], 1),
        ([0.1, 0.2, 0.4], 2),
        ([-0.1, -0.2, 0.1], 2),
        ([0.9, -0.8, 0.2], 0),  # the largest of all
        ([-0.9, -0.8, -0.2], -1),
    ],
)
def test_what_he_rated_is_the_reason_if_all_of_it_weighs_as_much_as_any_prior(
    parts: list[float], which: int
) -> None:
    others = [[0.1, 0.2, 0.3], parts, [0.0, 0.0, 1.0]]
    assert telling(np.array(others), 2).tolist()[1] == which


def test_ratings_are_said_as_people_say_them() -> None:
    assert [in_units(1, 5), in_units(4.5, 5), in_units(7, 10)] == ["1 star", "4.5 stars", "7 of 10"]

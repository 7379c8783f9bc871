from datetime import date

import pyarrow as pa
import pytest

from dashboards.console.explore import quick_chart
from dashboards.console.explore.quick_chart import Plan, plan

YEARS = {"year": [2024, 2025, 2024, 2025], "genre": ["a", "a", "b", "b"], "n": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (YEARS, Plan("line", "year", ("n",), "genre")),
        ({"month": [date(2026, 1, 1), date(2026, 2, 1)], "n": [1, 2], "mean": [0.5, 0.1]},
         Plan("line", "month", ("n", "mean"))),
        ({"title": ["x", "y"], "released": [1999, 1999], "n": [1, 2]},
         Plan("bar", "title", ("n",))),
        ({"title": ["x", "y"], "released": [1998, 1999], "n": [1, 2]},
         Plan("bar", "title", ("n",))),
        ({"year": [1998, 1999], "label": ["x", "y"], "n": [1, 2]}, Plan("line", "year", ("n",))),
        ({"title": ["x", "x"], "n": [1, 2]}, None),
        ({"title": ["x", "y"], "more": ["x", "y"]}, None),
        ({"n": [1, 2]}, None),
        ({"year": [2024], "n": [1]}, None),
        ({"title": ["x", "y"], "n": pa.array([None, None], pa.int64())}, None),
    ],
)  # fmt: skip
def test_the_columns_choose_the_chart(columns: dict[str, object], expected: Plan | None) -> None:
    assert plan(pa.table(columns)) == expected


def test_only_the_largest_lines_are_drawn_and_the_caption_says_so() -> None:
    names = [f"g{number}" for number in range(9) for _ in range(2)]
    table = pa.table({"year": [2024, 2025] * 9, "genre": names, "n": list(range(18))})

    frame, note = quick_chart.points(table, Plan("line", "year", ("n",), "genre"), "n")

    assert sorted(frame["series"].unique()) == ["g3", "g4", "g5", "g6", "g7", "g8"]
    assert note == ", the 6 largest of 9"


def test_only_the_first_bars_are_drawn() -> None:
    table = pa.table({"title": [f"t{number}" for number in range(40)], "n": list(range(40))})

    frame, note = quick_chart.points(table, Plan("bar", "title", ("n",)), "n")

    assert (len(frame), note) == (30, ", the first 30 rows")

"""The form's text from gold rows, written here as `decide` and `evaluate` leave them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs import summarize
from jobs.runtime.errors import TaskMissingError
from serving.schemas import Verdict
from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_SAMPLE_LISTS, GOLD_VERDICTS

RUN = "shop__retrain/one"
KEY = RunKey.parse(f"{RUN}/approve")
HOSTILE = "<script>alert(1)</script> [x](http://evil.test) **b** | www.evil.test\n# {{ 1 + 1 }} `c`"

Row = dict[str, Any]


def compared(
    recipe: str, role: str, value: float, *lead: float, metric: str = "ndcg@10", of: str = "warm"
) -> Row:
    ends = dict(zip(("difference", "low", "high"), lead or (None,) * 3, strict=True))
    return {
        "recipe": recipe,
        "role": role,
        "slice": of,
        "metric": metric,
        "value": value,
        "n_users": 1121,
    } | ends


def verdict(**changed: Any) -> Row:
    comparisons = [
        compared("als_new", "challenger", 0.271),
        compared("als_old", "champion", 0.261, 0.010, 0.002, 0.018),
        compared("ease", "baseline", 0.265, 0.006, -0.002, 0.014),
        compared("als_new", "challenger", 0.101, metric="coverage@10"),
        compared("ease", "baseline", 0.12, metric="coverage@10"),
        compared("als_new", "challenger", 0.08, of="cold"),
    ]
    row: Row = {
        "retrain_id": RUN,
        "verdict": "promote",
        "reason": "als_new beats als_old by +0.010.",
        "recipe": "als_new",
        "recipe_json": "{}",
        "publishes": True,
        "criteria": [{"criterion": "Valid result", "passed": True, "detail": "0.1 % refused."}],
        "comparisons": comparisons,
        "decided_at": datetime.now(UTC),
        "run_key": f"{RUN}/decide",
    }
    return row | changed


def listed(
    recipe: str, role: str, titles: list[str], relevant: list[bool], user_id: str = "user-42"
) -> Row:
    return {
        "retrain_id": RUN,
        "recipe": recipe,
        "role": role,
        "user_id": user_id,
        "slices": ["active_low"],
        "item_ids": [str(position) for position in range(len(titles))],
        "titles": titles,
        "relevant": relevant,
        "n_relevant": 7,
        "run_key": f"{RUN}/evaluate",
    }


LISTS = [
    listed("als_old", "champion", ["Heat", "Alien"], [False, False]),
    listed("als_new", "challenger", ["Alien", "Fargo", "Brazil"], [False, True, True]),
    listed("popular", "popularity", ["Jaws"], [True]),
]


def text(row: Row, lists: list[Row]) -> str:
    return summarize.markdown(Verdict.model_validate(row), lists)


def test_the_evidence_is_read_from_gold_rows(tmp_path: Path) -> None:
    append(str(tmp_path), GOLD_VERDICTS, [verdict()], run_key=RunKey.parse(f"{RUN}/decide"))
    append(str(tmp_path), GOLD_SAMPLE_LISTS, LISTS, run_key=RunKey.parse(f"{RUN}/evaluate"))
    summary = summarize.run(str(tmp_path), run_key=KEY)
    assert summary.startswith("**Verdict: promote.** als\\_new beats als\\_old by \\+0\\.010\\.\n")
    assert "| `als_old` | live now | 0.2610 | +0.0100 | +0.0020 to +0.0180 | 1,121 |" in summary
    assert "| Recipe | coverage@10 | cold ndcg@10 |" in summary
    assert "| `als_new` | 0.1010 | 0.0800 |" in summary
    assert r"| Valid result | yes | 0\.1 \% refused\. |" in summary
    assert "| 2 | Alien | Fargo **✓** |" in summary
    assert "| 3 |  | Brazil **✓** |" in summary
    assert "items chosen later: 7; of these, on the list before: 0, after: 2" in summary


def test_the_summary_names_no_user() -> None:
    ids = ("maya@example.org", "user-42", "user-7")
    lists = [
        listed(recipe, role, ["Heat"], [True], user_id)
        for recipe, role in (("als_old", "champion"), ("als_new", "challenger"))
        for user_id in ids
    ]

    summary = text(verdict(), lists)

    assert [summary.count(f"**User {letter}** (") for letter in "ABCD"] == [1, 1, 1, 0]
    words = summary.replace("\\", "")
    assert not [user_id for user_id in ids if user_id in words]


def test_baselines_are_listed_with_the_headline_only() -> None:
    summary = text(verdict(), [])
    assert "| `ease` | baseline | 0.2650 |" in summary
    assert "| `ease` | 0.12" not in summary


def test_without_a_champion_the_popularity_is_shown_as_before() -> None:
    summary = text(verdict(), LISTS[1:])
    assert "| 1 | Jaws **✓** | Alien |" in summary


def test_a_refreshed_recipe_has_the_same_list_before_and_after() -> None:
    summary = text(verdict(verdict="refresh", recipe="als_old"), LISTS)
    assert "| 1 | Heat | Heat |" in summary


def test_without_sample_lists_the_summary_has_no_lists(
    tmp_path: Path,
) -> None:
    row = verdict(verdict="first", criteria=[], comparisons=[])
    append(str(tmp_path), GOLD_VERDICTS, [row], run_key=RunKey.parse(f"{RUN}/decide"))
    summary = summarize.run(str(tmp_path), run_key=KEY)
    assert summary.startswith("**Verdict: first.**")
    assert "###" not in summary


def test_text_from_the_data_is_escaped() -> None:
    lists = [listed("als_old", "champion", [HOSTILE], [False])]
    summary = text(verdict(reason=HOSTILE), lists)
    assert "http:" not in summary
    assert "www." not in summary
    for sign in "<>[]*|#{}`":
        assert f"\\{sign}" in summary.split("\n", 1)[0]
        assert f" {sign}" not in summary.split("\n", 1)[0]
    assert summary.count(summary.split("\n", 1)[0].removeprefix("**Verdict: promote.** ")) == 3


def test_a_retrain_without_a_verdict_has_no_summary(tmp_path: Path) -> None:
    with pytest.raises(TaskMissingError, match=r"run jobs\.decide first"):
        summarize.run(str(tmp_path), run_key=KEY)

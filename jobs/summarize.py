"""Put the evidence of a retrain into words for the person who is asked to approve it. No Spark.

Writes Markdown to the standard output, which Airflow's form shows: the sentence, the rule line by
line, the figures with their intervals, and three people's lists before and after. Reads gold rows
alone, so that the form says what the gate saw.

Run: python -m jobs.summarize --dataset movielens_1m --run-key KEY
"""

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Unpack

from jobs.retraining.handover import of_retrain, row_of
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError, NotDecidedError
from serving.schemas import Comparison, Criterion, Verdict
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_SAMPLE_LISTS, GOLD_VERDICTS
from warehouse.tables.vocabulary import COLD, HEADLINE, WARM, MainSlice, Role

BESIDE: tuple[tuple[MainSlice, str], ...] = (
    (WARM, "recall@10"),
    (WARM, "recall@50"),
    (WARM, "map@10"),
    (WARM, "coverage@10"),
    (WARM, "novelty@10"),
    (COLD, HEADLINE),
)
ROLES: dict[Role, str] = {
    "champion": "live now",
    "challenger": "challenger",
    "popularity": "popularity",
    "baseline": "baseline",
}
HIT = "**✓**"
_ANSWERS = {True: "yes", False: "no", None: "does not apply"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINKED_AS_IT_STANDS = re.compile(
    r"(?<=@)|(?<=www)(?=\.)|(?<=[hft]tp)(?=s?:)|(?<=https)(?=:)", re.IGNORECASE
)
_WORD_JOINER = "\u2060"

Row = dict[str, Any]


def run(root: str, *, run_key: RunKey) -> str:
    """Return the Markdown.

    Raises:
        NotDecidedError: the run's retrain has no verdict.
    """
    verdict = row_of(root, GOLD_VERDICTS, run_key.retrain_id)
    if verdict is None:
        raise NotDecidedError(
            f"{run_key.retrain_id}: there is no verdict to approve; run jobs.decide first"
        )
    lake = Lake(root)
    lists: list[Row] = []
    if lake.exists(GOLD_SAMPLE_LISTS):
        lists = lake.read(GOLD_SAMPLE_LISTS, equals=of_retrain(run_key)).to_pylist()
    return text(Verdict.model_validate(verdict), lists)


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("summarize", __doc__).parse_args(argv), **overrides)
    sys.stdout.write(run(job.root, run_key=job.run_key))
    return 0


def text(verdict: Verdict, lists: Sequence[Row]) -> str:
    """Return the Markdown of a verdict and its retrain's rows of gold.sample_lists."""
    outcome = (
        f"Approved, `{verdict.recipe}` is fitted on all rows and published. Rejected, or not "
        "answered in time, nothing is: people keep what they see."
    )
    parts = [
        f"**Verdict: {verdict.verdict}.** {literal(verdict.reason)}",
        outcome,
        *_headline(verdict.comparisons),
        *_beside(verdict.comparisons),
        *_criteria(verdict.criteria),
        *_lists(lists, verdict.recipe),
    ]
    return "\n\n".join(parts) + "\n"


def literal(words: str) -> str:
    """Return text that Markdown shows as it is, on one line: no link, no HTML, no table cell."""
    one_line = " ".join(words.split())
    return _PUNCTUATION.sub(r"\\\1", _LINKED_AS_IT_STANDS.sub(_WORD_JOINER, one_line))


def _headline(comparisons: Sequence[Comparison]) -> Iterator[str]:
    ranked = _ranked(comparisons)
    if not ranked:
        return
    yield "### NDCG@10 on the frozen window"
    yield _table(
        ("Recipe", "Role", "NDCG@10", "Challenger's lead", "95 % interval", "Users"),
        [
            (
                f"`{row.recipe}`",
                ROLES[row.role],
                f"{row.value:.4f}",
                "" if row.difference is None else f"{row.difference:+.4f}",
                "" if row.low is None else f"{row.low:+.4f} to {row.high:+.4f}",
                f"{row.n_users:,}",
            )
            for row in ranked
        ],
    )


def _beside(comparisons: Sequence[Comparison]) -> Iterator[str]:
    values = {(row.recipe, row.slice, row.metric): row.value for row in comparisons}
    figures = [figure for figure in BESIDE if any(key[1:] == figure for key in values)]
    recipes = [row.recipe for row in _ranked(comparisons) if row.role != "baseline"]
    if not figures:
        return
    yield "### Other metrics"
    yield _table(
        ("Recipe", *(metric if of == WARM else f"{of} {metric}" for of, metric in figures)),
        [
            (f"`{recipe}`", *(_figure(values.get((recipe, *figure))) for figure in figures))
            for recipe in recipes
        ],
    )


def _ranked(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the headline figures, best first."""
    headline = [row for row in comparisons if (row.slice, row.metric) == (WARM, HEADLINE)]
    return sorted(headline, key=lambda row: -row.value)


def _criteria(criteria: Sequence[Criterion]) -> Iterator[str]:
    if criteria:
        yield "### The gate's criteria"
        yield _table(
            ("Criterion", "Met", "Why"),
            [
                (literal(row.criterion), _ANSWERS[row.passed], literal(row.detail))
                for row in criteria
            ],
        )


def _lists(lists: Sequence[Row], after: str | None) -> Iterator[str]:
    if not lists:
        return
    by_role = {"champion": 0, "popularity": 1, "challenger": 2}
    old = min(lists, key=lambda row: by_role.get(row["role"], len(by_role)))["recipe"]
    before = {row["user_id"]: row for row in lists if row["recipe"] == old}
    new = {row["user_id"]: row for row in lists if row["recipe"] == after}
    yield "### Three people, before and after"
    yield (
        f"Lists as they would have been at the cut; {HIT} marks what the person came to like "
        "afterwards."
    )
    for user_id, row in sorted(before.items()):
        yield from _person(row, new.get(user_id, row))


def _person(before: Row, after: Row) -> Iterator[str]:
    slices = ", ".join(literal(one) for one in before["slices"] or [])
    yield (
        f"**{literal(before['user_id'])}** ({slices}) came to like {before['n_relevant']}; "
        f"{sum(before['relevant'])} of them before, {sum(after['relevant'])} after"
    )
    left, right = _titles(before), _titles(after)
    n = max(len(left), len(right))
    left, right = (one + [""] * (n - len(one)) for one in (left, right))
    yield _table(
        ("", f"Before: `{before['recipe']}`", f"After: `{after['recipe']}`"),
        [(str(rank), *pair) for rank, pair in enumerate(zip(left, right, strict=True), 1)],
    )


def _titles(row: Row) -> list[str]:
    return [
        f"{literal(title)} {HIT}" if hit else literal(title)
        for title, hit in zip(row["titles"], row["relevant"], strict=True)
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    entrypoint.run(main, JobError, WarehouseError)

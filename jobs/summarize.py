"""Write the approval summary: the evidence of a retrain for the operator who approves it. No Spark.

Writes Markdown to standard output, which Airflow's form shows: the reason, the metrics with their
intervals, the criteria, and up to three users' lists before and after. It reads only what the gate
read. It has no user's id: Airflow keeps the text, and an erasure does not reach Airflow's database.

Run: python -m jobs.summarize --dataset movielens_1m --run-key KEY
"""

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from string import ascii_uppercase
from typing import Any

from jobs.runtime import entrypoint
from jobs.runtime.errors import TaskMissingError
from serving.schemas import Comparison, Criterion, Verdict
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_SAMPLE_LISTS, GOLD_VERDICTS
from warehouse.tables.vocabulary import COLD, HEADLINE, WARM, MainSlice

OTHER_METRICS: tuple[tuple[MainSlice, str], ...] = (
    (WARM, "recall@10"),
    (WARM, "recall@50"),
    (WARM, "map@10"),
    (WARM, "coverage@10"),
    (WARM, "novelty@10"),
    (COLD, HEADLINE),
)
HIT = "**✓**"
_MET = {True: "yes", False: "no", None: "does not apply"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_AUTOLINK = re.compile(r"(?<=@)|(?<=www)(?=\.)|(?<=[hft]tp)(?=s?:)|(?<=https)(?=:)", re.IGNORECASE)
_WORD_JOINER = "\u2060"

Row = dict[str, Any]


def run(root: str, *, run_key: RunKey) -> str:
    """Return the summary as Markdown.

    Raises:
        TaskMissingError: the retrain has no verdict.
    """
    lake, equals = Lake(root), {"retrain_id": run_key.retrain_id}
    verdicts = lake.rows(GOLD_VERDICTS, equals=equals)
    if not verdicts:
        raise TaskMissingError(f"{run_key.retrain_id}: no verdict; run jobs.decide first")
    samples = lake.rows(GOLD_SAMPLE_LISTS, equals=equals)
    return markdown(Verdict.model_validate(verdicts[0]), samples)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("summarize", __doc__).parse_args(argv))
    sys.stdout.write(run(job.root, run_key=job.run_key))


def markdown(verdict: Verdict, samples: Sequence[Row]) -> str:
    """Return the Markdown of a verdict and its retrain's rows of gold.sample_lists."""
    outcome = (
        f"If you approve, `{verdict.recipe}` is fitted on all events and published. If you reject "
        "it, or nobody answers in time, nothing is published and the live release stays."
    )
    paragraphs = [
        f"**Verdict: {verdict.verdict}.** {escaped(verdict.reason)}",
        outcome,
        *_headline(verdict.comparisons),
        *_other_metrics(verdict.comparisons),
        *_criteria(verdict.criteria),
        *_samples(samples, verdict.recipe),
    ]
    return "\n\n".join(paragraphs) + "\n"


def escaped(text: str) -> str:
    """Return the text escaped for Markdown, on one line: without links, HTML and table cells."""
    one_line = " ".join(text.split())
    return _PUNCTUATION.sub(r"\\\1", _AUTOLINK.sub(_WORD_JOINER, one_line))


def _headline(comparisons: Sequence[Comparison]) -> Iterator[str]:
    ranked = _ranked(comparisons)
    if not ranked:
        return
    yield "### NDCG@10 on the gate's window"
    yield _table(
        ("Recipe", "Role", "NDCG@10", "Challenger's lead", "95 % interval", "Users"),
        [
            (
                f"`{row.recipe}`",
                "live now" if row.role == "champion" else row.role,
                f"{row.value:.4f}",
                "" if row.difference is None else f"{row.difference:+.4f}",
                "" if row.low is None else f"{row.low:+.4f} to {row.high:+.4f}",
                f"{row.n_users:,}",
            )
            for row in ranked
        ],
    )


def _other_metrics(comparisons: Sequence[Comparison]) -> Iterator[str]:
    values = {(row.recipe, row.slice, row.metric): f"{row.value:.4f}" for row in comparisons}
    columns = [column for column in OTHER_METRICS if any(key[1:] == column for key in values)]
    recipes = [row.recipe for row in _ranked(comparisons) if row.role != "baseline"]
    if columns:
        yield "### Other metrics"
        yield _table(
            ("Recipe", *(metric if of == WARM else f"{of} {metric}" for of, metric in columns)),
            [(f"`{r}`", *(values.get((r, *column), "") for column in columns)) for r in recipes],
        )


def _ranked(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons by the headline metric, best first."""
    headline = [row for row in comparisons if (row.slice, row.metric) == (WARM, HEADLINE)]
    return sorted(headline, key=lambda row: -row.value)


def _criteria(criteria: Sequence[Criterion]) -> Iterator[str]:
    if criteria:
        yield "### The gate's criteria"
        yield _table(
            ("Criterion", "Met", "Why"),
            [(escaped(row.criterion), _MET[row.passed], escaped(row.detail)) for row in criteria],
        )


def _samples(samples: Sequence[Row], after: str | None) -> Iterator[str]:
    """Yield the users' lists of the live recipe (or the best popularity recipe) and the new one."""
    if not samples:
        return
    order = {"champion": 0, "popularity": 1, "challenger": 2}
    before = min(samples, key=lambda row: order[row["role"]])["recipe"]
    old_rows = {row["user_id"]: row for row in samples if row["recipe"] == before}
    new_rows = {row["user_id"]: row for row in samples if row["recipe"] == after}
    yield "### Sample users, before and after"
    yield f"Lists made from the older events; {HIT} marks items that the user chose later."
    for letter, (user_id, row) in zip(ascii_uppercase, sorted(old_rows.items()), strict=False):
        yield from _user_lists(f"User {letter}", row, new_rows.get(user_id, row))


def _user_lists(name: str, before: Row, after: Row) -> Iterator[str]:
    slices = ", ".join(escaped(name) for name in before["slices"])
    yield (
        f"**{name}** ({slices}): items chosen later: {before['n_relevant']}; "
        f"of these, on the list before: {sum(before['relevant'])}, after: {sum(after['relevant'])}"
    )
    pairs = zip_longest(_titles(before), _titles(after), fillvalue="")
    yield _table(
        ("", f"Before: `{before['recipe']}`", f"After: `{after['recipe']}`"),
        [(str(rank), *pair) for rank, pair in enumerate(pairs, 1)],
    )


def _titles(row: Row) -> list[str]:
    return [
        f"{escaped(title)} {HIT}" if hit else escaped(title)
        for title, hit in zip(row["titles"], row["relevant"], strict=True)
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    entrypoint.run(main)

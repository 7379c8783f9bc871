"""Put the evidence of a retrain into words for the person who is asked to approve it. No Spark.

Writes Markdown to the standard output, which Airflow's form shows: the sentence, the rule line by
line, the figures with their intervals, and three people's lists before and after. Reads gold rows
alone, so that the form says what the gate saw.

Run: python -m jobs.summarize --dataset movielens_1m --run-key KEY
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from jobs.retraining.handover import of_retrain, row_of
from jobs.runtime import session
from jobs.runtime.errors import JobError, NotDecidedError
from warehouse import datasets
from warehouse.errors import WarehouseError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings
from warehouse.tables import GOLD_SAMPLE_LISTS, GOLD_VERDICTS

HEADLINE = "ndcg@10"
BESIDE = ("recall@10", "recall@50", "map@10", "coverage@10", "novelty@10", "cold ndcg@10")
ROLES: dict[str, str] = {
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
    return text(verdict, lists)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run."""
    args = session.parser(__doc__, "summarize").parse_args(argv)
    root = LakeSettings().of(datasets.load_named(args.dataset).name)
    sys.stdout.write(run(root, run_key=args.run_key))
    return 0


def text(verdict: Row, lists: Sequence[Row]) -> str:
    """Return the Markdown of a row of gold.verdicts and its retrain's rows of gold.sample_lists."""
    compared = json.loads(verdict["comparisons"])
    outcome = (
        f"Approved, `{verdict['recipe']}` is fitted on all rows and published. Rejected, or not "
        "answered in time, nothing is: people keep what they see."
    )
    parts = [
        f"**Verdict: {verdict['verdict']}.** {literal(verdict['reason'])}",
        outcome,
        *_headline(compared),
        *_beside(compared),
        *_rule(json.loads(verdict["lines"])),
        *_lists(lists, verdict["recipe"]),
    ]
    return "\n\n".join(parts) + "\n"


def literal(words: str) -> str:
    """Return text that Markdown shows as it is, on one line: no link, no HTML, no table cell."""
    one_line = " ".join(words.split())
    return _PUNCTUATION.sub(r"\\\1", _LINKED_AS_IT_STANDS.sub(_WORD_JOINER, one_line))


def _headline(compared: Sequence[Row]) -> Iterator[str]:
    rows = _ranked(compared)
    if not rows:
        return
    yield "### NDCG@10 on the frozen window"
    yield _table(
        ("Recipe", "Stands as", "NDCG@10", "Challenger's lead", "95 % interval", "People"),
        [
            (
                f"`{row['recipe']}`",
                ROLES[row["role"]],
                f"{row['value']:.4f}",
                "" if row["difference"] is None else f"{row['difference']:+.4f}",
                "" if row["low"] is None else f"{row['low']:+.4f} to {row['high']:+.4f}",
                f"{row['n_users']:,}",
            )
            for row in rows
        ],
    )


def _beside(compared: Sequence[Row]) -> Iterator[str]:
    values = {(row["recipe"], row["metric"]): row["value"] for row in compared}
    metrics = [one for one in BESIDE if any(metric == one for _, metric in values)]
    recipes = [row["recipe"] for row in _ranked(compared) if row["role"] != "baseline"]
    if not metrics:
        return
    yield "### The other figures"
    yield _table(
        ("Recipe", *metrics),
        [
            (f"`{recipe}`", *(_figure(values.get((recipe, metric))) for metric in metrics))
            for recipe in recipes
        ],
    )


def _ranked(compared: Sequence[Row]) -> list[Row]:
    """Return the rows of the headline, best first."""
    return sorted((row for row in compared if row["metric"] == HEADLINE), key=lambda r: -r["value"])


def _rule(lines: Sequence[Row]) -> Iterator[str]:
    if lines:
        yield "### The gate's rule"
        yield _table(
            ("Question", "Answer", "Why"),
            [
                (literal(row["rule"]), _ANSWERS[row["passed"]], literal(row["detail"]))
                for row in lines
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
    session.run_job(main, JobError, WarehouseError)

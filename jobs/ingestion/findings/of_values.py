"""Findings on values: ratings off the scale, texts that are no numbers, constants."""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion import samples
from jobs.ingestion.findings.finding import Finding, Rows
from jobs.ingestion.interpreting import values
from ranking.strengths import MAX_VALUE
from warehouse.manifests.kinds import RATE
from warehouse.manifests.sources import Events, Ratings

_MANY = 0.3
_FEW = 10  # rows of which nothing can be said


def findings(rows: Rows, section: Ratings | Events, kinds: pa.StringArray) -> list[Finding]:
    """Return the findings on the column of values; none if the section has none."""
    if section.value is None:
        return []
    numbers = rows.checked.typed["number"]
    is_rate = pc.fill_null(pc.equal(kinds, RATE), False)  # noqa: FBT003
    findings = _without_value(rows, section)
    findings += _unread(rows, section, "rating_not_a_number", "have no number as rating")
    if isinstance(section, Events):
        problem = f"have no number in `{section.value}`"
        findings += _unread(rows, section, "value_not_a_number", problem)
    findings += _of_ratings(rows, section.value, numbers, is_rate)
    if isinstance(section, Events):
        findings += _of_other_kinds(rows, section.value)
    return findings + _constant(rows, section, numbers)


def _without_value(rows: Rows, section: Ratings | Events) -> list[Finding]:
    """Return the share of events without a value; such ratings are not among the rows."""
    if not section.no_value or isinstance(section, Ratings):
        return []
    texts = rows.texts(section.value or "")
    share = (pc.sum(values.stands_for_no_value(texts, section)).as_py() or 0) / len(texts)
    words = ", ".join(section.no_value)
    text = f'{share:.1%} of the sampled rows have no value ("{words}")'
    return [Finding("note", rows.about, text)]


def _unread(rows: Rows, section: Ratings | Events, check: str, problem: str) -> list[Finding]:
    failed, column = rows.failed(check), section.value or ""
    texts = rows.texts(column).filter(failed).drop_null()
    hint = samples.number_hint(rows.texts(column), section) if len(texts) else ""
    if len(texts) and "`decimal" not in hint and "`thousands" not in hint:
        text = texts[0].as_py()[:20]
        hint += f'. If "{text}" means "no value", write `no_value = ["{text}"]`'
    return rows.share(failed, problem, column=column, hint=hint)


def _of_ratings(
    rows: Rows, column: str, numbers: pa.DoubleArray, is_rate: pa.BooleanArray
) -> list[Finding]:
    ratings = pc.if_else(is_rate, numbers, pa.scalar(None, pa.float64()))
    if ratings.null_count == len(ratings):
        return []
    scale = rows.dataset.scale
    is_zero = pc.fill_null(pc.equal(ratings, 0), False)  # noqa: FBT003
    n_ratings = len(ratings) - ratings.null_count
    zeros = (pc.sum(is_zero).as_py() or 0) / n_ratings
    hint = ""
    if zeros > _MANY and (scale.lowest > 0 or _gap_above_zero(ratings)):
        hint = f'. {zeros:.0%} are 0: if that means "no rating", write `no_value = ["0"]`'
    valid = f"{scale.lowest:g} to {scale.highest:g} in steps of {scale.step:g}"
    problem = f"are off the scale ({valid})"
    off_scale, step = rows.failed("rating_off_scale"), hint or ". Correct `[scale]` or the file"
    findings = rows.share(off_scale, problem, column=column, hint=step)
    if hint and not findings:
        findings.append(
            Finding("warning", rows.about, f"`{column}`{hint}".replace("`. ", "`: ", 1))
        )
    n_relevant = pc.sum(pc.greater_equal(ratings, scale.relevant_from)).as_py() or 0
    if n_relevant in (0, n_ratings):
        text = (
            f"{n_relevant} of {n_ratings} sampled ratings reach `relevant_from` "
            f"{scale.relevant_from:g}. Choose a value that some ratings reach, and others do not"
        )
        findings.append(Finding("warning", rows.about, text))
    return findings


def _gap_above_zero(ratings: pa.DoubleArray) -> bool:
    """Return whether 0 is set apart: the other ratings are 1 or more, and of several values."""
    others = pc.unique(ratings.filter(pc.greater(ratings, 0)))
    return len(others) > 3 and pc.min(others).as_py() >= 1  # noqa: PLR2004


def _of_other_kinds(rows: Rows, column: str) -> list[Finding]:
    """Return negative numbers, those that are too large, and shares above 1."""
    hint = f". If they are returns, write `keep_if = '{_named(column)} > 0'`"
    problem = f"have a negative `{column}`"
    findings = rows.share(rows.failed("value_negative"), problem, column=column, hint=hint)
    problem = f"have a `{column}` above {MAX_VALUE:,.0f}"
    findings += rows.share(rows.failed("value_too_large"), problem, column=column)
    hint = '. If they are no shares, write `value = "amount"` under `[kinds.NAME]`'
    problem = f"have a `{column}` above 1"
    return findings + rows.share(
        rows.failed("value_not_a_share"), problem, column=column, hint=hint
    )


def _constant(rows: Rows, section: Ratings | Events, numbers: pa.DoubleArray) -> list[Finding]:
    distinct = pc.unique(numbers.drop_null())
    if len(distinct) != 1 or len(numbers) < _FEW:
        return []
    text = f"`{section.value}` is {distinct[0].as_py():g} in all sampled rows"
    if isinstance(section, Events):
        text += ", so it says nothing: leave `value` out"
    else:
        text += ", so it says nothing: describe the file as `[[events]]` of a kind, without `value`"
    return [Finding("warning", rows.about, text)]


def _named(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"

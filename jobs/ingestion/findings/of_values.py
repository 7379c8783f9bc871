"""Findings on values: ratings off the scale, texts that are no numbers, constants."""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion import samples, values
from jobs.ingestion.findings.finding import Finding, Rows
from warehouse.manifests.kinds import RATE
from warehouse.manifests.sections import Scale
from warehouse.manifests.sources import Events, Ratings

_EPSILON = 1e-9
_MANY = 0.3
_FEW = 10  # rows of which nothing can be said


def findings(rows: Rows, section: Ratings | Events, kinds: pa.StringArray) -> list[Finding]:
    """Return the findings on the column of values; none if the section has none."""
    if section.value is None:
        return []
    texts = rows.texts(section.value)
    numbers = values.numbers(texts, section)
    has_no_value = pc.fill_null(values.stands_for_no_value(texts, section), False)  # noqa: FBT003
    is_rate = pc.fill_null(pc.equal(kinds, RATE), False)  # noqa: FBT003
    found = []
    if section.no_value:
        share = (pc.sum(has_no_value).as_py() or 0) / len(texts)
        words = ", ".join(section.no_value)
        text = f'{share:.1%} of the sampled rows have no value ("{words}")'
        found.append(Finding("note", rows.about, text))
    unread = pc.and_not(pc.is_null(numbers), has_no_value)
    found += _unread(rows, section, texts, unread, is_rate)
    found += _of_ratings(rows, section.value, numbers, is_rate)
    found += _of_other_kinds(rows, section.value, numbers, kinds)
    return found + _constant(rows, section, numbers)


def _unread(
    rows: Rows,
    section: Ratings | Events,
    texts: pa.StringArray,
    unread: pa.BooleanArray,
    is_rate: pa.BooleanArray,
) -> list[Finding]:
    column = section.value or ""
    hint = samples.number_hint(texts.filter(unread), section)
    found = rows.share(
        pc.and_(unread, is_rate), "have no number as rating", column=column, hint=hint
    )
    others = pc.and_(pc.and_not(unread, is_rate), pc.is_valid(texts))
    n_others = pc.sum(others).as_py() or 0
    if n_others:
        share = n_others / len(texts)
        text = (
            f"{share:.1%} of the sampled rows have no number in `{column}`, "
            f"{rows.example(others, column)}, and count without a value{hint}"
        )
        found.append(Finding("warning", rows.about, text))
    return found


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
    off_scale = _is_off(ratings, scale)
    problem = f"are off the scale ({valid})"
    found = rows.share(off_scale, problem, column=column, hint=hint)
    if hint and not found:
        found.append(Finding("warning", rows.about, f"`{column}`{hint}".replace("`. ", "`: ", 1)))
    n_relevant = pc.sum(pc.greater_equal(ratings, scale.relevant_from)).as_py() or 0
    if n_relevant in (0, n_ratings):
        text = f"{n_relevant} of {n_ratings} sampled ratings reach `relevant_from`"
        found.append(Finding("warning", rows.about, f"{text} {scale.relevant_from:g}"))
    return found


def _is_off(ratings: pa.DoubleArray, scale: Scale) -> pa.BooleanArray:
    steps = pc.divide(pc.subtract(ratings, scale.lowest), scale.step)
    n_steps = (scale.highest - scale.lowest) / scale.step
    outside = pc.or_(pc.less(steps, -_EPSILON), pc.greater(steps, n_steps + _EPSILON))
    between = pc.greater(pc.abs(pc.subtract(steps, pc.round(steps))), _EPSILON)
    return pc.fill_null(pc.or_(outside, between), False)  # noqa: FBT003


def _gap_above_zero(ratings: pa.DoubleArray) -> bool:
    """Return whether 0 is set apart: the other ratings are 1 or more, and of several values."""
    others = pc.unique(ratings.filter(pc.greater(ratings, 0)))
    return len(others) > 3 and pc.min(others).as_py() >= 1  # noqa: PLR2004


def _of_other_kinds(
    rows: Rows, column: str, numbers: pa.DoubleArray, kinds: pa.StringArray
) -> list[Finding]:
    """Return rows that `refine` refuses: negative numbers, and shares above 1."""
    of_kinds = pc.fill_null(pc.not_equal(kinds, RATE), False)  # noqa: FBT003
    negative = pc.fill_null(pc.and_(pc.less(numbers, 0), of_kinds), False)  # noqa: FBT003
    condition = f". If they are returns, write `keep_if = '{_named(column)} > 0'`"
    problem = f"have a negative `{column}`"
    found = rows.share(negative, problem, column=column, hint=condition)
    shares = [name for name, kind in rows.dataset.kinds.items() if kind.value == "share"]
    is_share = pc.is_in(kinds, value_set=pa.array(shares, pa.string()))
    above = pc.fill_null(pc.and_(pc.greater(numbers, 1), is_share), False)  # noqa: FBT003
    hint = '. Write `value = "amount"` for this kind if the values are no shares'
    return found + rows.share(above, f"have a `{column}` above 1", column=column, hint=hint)


def _constant(rows: Rows, section: Ratings | Events, numbers: pa.DoubleArray) -> list[Finding]:
    distinct = pc.unique(numbers.drop_null())
    if len(distinct) != 1 or len(numbers) < _FEW:
        return []
    text = f"`{section.value}` is {distinct[0].as_py():g} in all sampled rows"
    if isinstance(section, Events):
        text += ": leave `value` out"
    else:
        text += ", so it says nothing: describe the file as `[[events]]` of a kind, without `value`"
    return [Finding("warning", rows.about, text)]


def _named(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"

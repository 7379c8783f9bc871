"""The gate: ordered criteria that decide what is released. Each is recorded with its numbers.

1. The data, the champion's result and that of a popularity recipe are valid; otherwise hold.
2. There are enough test users; otherwise refresh or, without a live release, release the simplest
   popularity recipe with a valid result.
3. Without a live release: the challenger if it beats the best popularity recipe, else that recipe.
4. Promote the challenger if it beats the champion and, unless it is a popularity recipe itself,
   every popularity recipe, and if no slice loses to the champion.
5. Otherwise refresh: fit the champion's recipe on the new rows.
6. Items without interactions are on lists, by factors that their content predicts, if on the items
   that appear after the cut this beats the newest first and the popular in their category.
7. While publishing is paused, nothing is published.

Comparisons are paired over users, on one window, with seeded 95 % bootstrap intervals. A single
window is noisy, and testing on it every night will eventually pass by chance. A promotion
therefore also needs a positive mean lead on the rolling windows, which are earlier.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jobs.engine.judging import intervals, verdicts
from jobs.engine.judging.intervals import Interval
from jobs.engine.judging.verdicts import Comparison, Criterion, Decision, Evidence, Floors
from jobs.engine.recipes import ORDERS_OF_NEW_ITEMS
from warehouse.tables.vocabulary import HEADLINE, WARM, Outcome, Role

_SPLITS = {"file_order": "in file order", "random": "at random"}  # of events without times


@dataclass
class _Case:
    """A decision in progress."""

    evidence: Evidence
    floors: Floors
    criteria: list[Criterion] = field(default_factory=list)
    leads: dict[tuple[str, str, str], Interval] = field(default_factory=dict)

    def note(self, criterion: str, detail: str, *, passed: bool | None) -> bool:
        """Record a criterion with its numbers, once; return whether it passed.

        The challenger may be a popularity recipe, whose result is checked as that too.
        """
        noted = Criterion(criterion, passed, detail)
        self.criteria[:] = [*(other for other in self.criteria if other != noted), noted]
        return bool(passed)

    def values(self, recipe: str, slice_name: str = WARM) -> NDArray[np.float64]:
        return self.evidence.results[recipe].values[self.evidence.slices[slice_name]]

    def mean(self, recipe: str) -> float:
        return float(self.values(recipe).mean())

    def lead(self, recipe: str, opponent: str, slice_name: str = WARM) -> Interval:
        key = (recipe, opponent, slice_name)
        if key not in self.leads:
            differences = self.values(recipe, slice_name) - self.values(opponent, slice_name)
            self.leads[key] = intervals.paired(differences)
        return self.leads[key]

    def label(self, recipe: str) -> str:
        return f"{recipe} ({HEADLINE} {self.mean(recipe):.4f})"


def decide(evidence: Evidence, floors: Floors) -> Decision:
    """Return the decision by the ordered criteria: `hold` if the data or results are invalid."""
    case = _Case(evidence, floors)
    verdict, recipe, reason = _verdict(case)
    if evidence.cut != "time" and verdict != "hold":
        n_warm = int(evidence.slices[WARM].sum())
        reason += (
            f" The events have no times, so they were split {_SPLITS[evidence.cut]}"
            f" (`windows.without_time`): {n_warm} users could be compared."
        )
    for name, most in evidence.left_out.items():
        case.note("Compared", f"{name} was left out: it takes at most {most:,} items", passed=None)
    has_new_items = recipe is not None and _new_items_win(case, recipe)
    publishes = verdict != "hold"
    if evidence.publishing_paused_by is not None:
        publishes = False
        case.note("Publishing enabled", f"paused by {evidence.publishing_paused_by}", passed=False)
        reason += f" Nothing is published: {evidence.publishing_paused_by} paused publishing."
    return Decision(
        verdict, recipe, reason, publishes, tuple(case.criteria), _comparisons(case), has_new_items
    )


def _verdict(case: _Case) -> tuple[Outcome, str | None, str]:
    evidence, floors = case.evidence, case.floors
    if not _data_is_valid(case):
        return "hold", None, f"Held: data quality, {case.criteria[-1].detail}."
    n_warm = int(evidence.slices[WARM].sum())
    enough = n_warm >= floors.min_test_users
    popularities = [name for name in evidence.popularities if _is_valid(case, name, n_warm)]
    challenger_valid = _is_valid(case, evidence.challenger, n_warm, enough=enough)
    champion = evidence.champion
    if champion is not None and not _is_valid(case, champion, n_warm):
        return "hold", None, f"Held: the live recipe {case.criteria[-1].detail}."
    if not popularities:
        return "hold", None, "Held: no popularity recipe has a valid result."
    count = f"{n_warm:,} warm test users, {floors.min_test_users:,} needed"
    if not case.note("Enough users", count, passed=enough):
        first = f"First release, not compared ({count}): {popularities[0]}."
        later = f"Refresh, not compared ({count}): {champion} on the new rows."
        first, later = (f"{reason} {verdicts.more_users(evidence)}" for reason in (first, later))
        return ("refresh", champion, later) if champion else ("first", popularities[0], first)
    if champion is None:
        return "first", *_first(case, popularities, challenger_valid=challenger_valid)
    return _against_champion(case, champion, popularities, challenger_valid=challenger_valid)


def _data_is_valid(case: _Case) -> bool:
    n, share = case.evidence.n_interactions, case.evidence.quarantine_share
    limit = case.floors.max_quarantine_share
    any_rows = case.note("Data quality", f"{n:,} interactions in the frozen tables", passed=n > 0)
    quarantined = f"{share:.2%} of the rows in quarantine, {limit:.2%} allowed"
    return any_rows and case.note("Data quality", quarantined, passed=share <= limit)


def _is_valid(case: _Case, recipe: str, n_warm: int, *, enough: bool = False) -> bool:
    """Record whether a recipe's result is valid, else its first defect; return whether it is.

    Coverage has a floor only with `enough` test users, as few lists show few items.
    """
    result = case.evidence.results.get(recipe)
    if result is None:
        return case.note("Valid result", f"{recipe} has no result", passed=False)
    floor = case.floors.min_coverage if enough and result.personalised else 0
    defects = {
        f"failed: {result.failure}": result.failure is not None,
        f"has {result.n_not_finite} factors that are not finite": result.n_not_finite > 0,
        "has metrics that are not finite": not np.isfinite(result.values).all(),
        f"left {result.n_empty} of {n_warm} warm users without a list": result.n_empty > 0,
        f"shows {result.coverage:.3f} of the catalogue, the floor is {floor:.3f}": (
            floor > 0 and not result.coverage >= floor
        ),
    }
    for defect, is_present in defects.items():
        if is_present:
            return case.note("Valid result", f"{recipe} {defect}", passed=False)
    coverage = f"coverage@10 {result.coverage:.3f}"
    if np.isnan(result.coverage):
        coverage = "no list to measure coverage"
    return case.note("Valid result", f"{recipe}: finite, {coverage}", passed=True)


def _first(case: _Case, popularities: list[str], *, challenger_valid: bool) -> tuple[str, str]:
    """Return the recipe of the first release, and the reason."""
    challenger = case.evidence.challenger
    best = max(popularities, key=case.mean)
    if challenger in case.evidence.popularities:
        case.note("Beats the best popularity", f"the best is {case.label(best)}", passed=None)
        return best, f"First release: {case.label(best)} is the best popularity recipe."
    if not challenger_valid:
        defects = [x for x in case.criteria if x.criterion == "Valid result" and not x.passed]
        because = f"because the challenger {defects[-1].detail}"
        return best, f"First release: {case.label(best)}, {because}."
    lead = case.lead(challenger, best)
    if case.note("Beats the best popularity", f"{lead} over {best}", passed=lead.low > 0):
        beaten = f"beats the best popularity recipe, {case.label(best)}, by {lead}"
        return challenger, f"First release: {case.label(challenger)} {beaten}."
    because = f"because {case.label(challenger)} does not beat it significantly ({lead})"
    return best, f"First release: {case.label(best)}, {because}."


def _against_champion(
    case: _Case, champion: str, popularities: list[str], *, challenger_valid: bool
) -> tuple[Outcome, str, str]:
    challenger = case.evidence.challenger
    if challenger_valid and _wins(case, champion, popularities):
        lead = case.lead(challenger, champion)
        is_popularity = challenger in case.evidence.popularities
        others = "" if is_popularity else "every popularity recipe, and "
        beaten = f"beats {others}the live recipe {case.label(champion)} by {lead}"
        return "promote", challenger, f"Promotion: {case.label(challenger)} {beaten}."
    return "refresh", champion, _why_refreshed(case, champion, popularities)


def _wins(case: _Case, champion: str, popularities: list[str]) -> bool:
    """Record the lead over each opponent and in each slice; return whether the challenger wins."""
    challenger, is_champion = case.evidence.challenger, case.evidence.challenger == champion
    opponents = [("Beats the champion", champion)] if not is_champion else []
    if is_champion:
        case.note("Beats the champion", f"the challenger is {champion} itself", passed=None)
    if challenger not in case.evidence.popularities:
        opponents += [("Beats popularity", name) for name in popularities if name != champion]
    unbeaten = []
    for criterion, opponent in opponents:
        lead = case.lead(challenger, opponent)
        if not case.note(criterion, f"{lead} over {opponent}", passed=lead.low > 0):
            unbeaten.append(opponent)
    if is_champion:
        return False
    won = not unbeaten
    for _, opponent in opponents:
        won &= _rolling_agrees(case, opponent, unbeaten=unbeaten)
    tolerance = case.floors.slice_tolerance
    for slice_name, members in case.evidence.slices.items():
        if slice_name == WARM or not members.any():
            continue
        lead = case.lead(challenger, champion, slice_name)
        passed = not (lead.mean < -tolerance and lead.high < 0)
        won &= case.note("No slice loses", f"{slice_name}: {lead} over {champion}", passed=passed)
    return won


def _rolling_agrees(case: _Case, opponent: str, *, unbeaten: Sequence[str]) -> bool:
    """Record whether the mean lead on the rolling windows is positive; return whether it is.

    They are evaluated only if the challenger could win on the gate's own window. `unbeaten` are the
    opponents that it does not beat there.
    """
    criterion, rolling = "Rolling windows agree", case.evidence.rolling
    scores, others = (rolling.get(name, {}) for name in (case.evidence.challenger, opponent))
    if not scores and unbeaten:
        lost = ", ".join(unbeaten)
        detail = f"not needed over {opponent}: no win over {lost} on the gate's window"
        return case.note(criterion, detail, passed=None)
    if not scores or set(scores) != set(others):
        return case.note(criterion, f"scores are missing for {opponent}", passed=False)
    leads = {window: scores[window] - others[window] for window in sorted(scores)}
    mean = float(np.mean(list(leads.values())))
    by_window = ", ".join(f"{window} {lead:+.4f}" for window, lead in leads.items())
    cut = "" if case.evidence.cut == "time" else f", split {_SPLITS[case.evidence.cut]}"
    return case.note(criterion, f"{mean:+.4f} over {opponent} ({by_window}{cut})", passed=mean > 0)


def _new_items_win(case: _Case, recipe: str) -> bool:
    """Record how the recipe ranks the items that appear after the cut; return whether it wins.

    Nothing is recorded for recipes without factors.
    """
    values, criterion = case.evidence.new_items, "New items win"
    if recipe not in values:
        return False
    n, needed = len(values[recipe]), case.floors.min_test_users
    if n < needed:
        detail = (
            f"{n} warm users have a positive interaction with an item that appeared after the cut, "
            f"{needed} are needed"
        )
        return case.note(criterion, detail, passed=False)
    mean, won = f"{HEADLINE} {float(values[recipe].mean()):.4f} among new items", True
    for opponent in ORDERS_OF_NEW_ITEMS:
        lead = intervals.paired(values[recipe] - values[opponent.name])
        detail = f"{mean}, {lead} over {opponent.kind}, {n} users"
        won &= case.note(criterion, detail, passed=lead.low > 0)
    return won


def _why_refreshed(case: _Case, champion: str, popularities: list[str]) -> str:
    challenger, live = case.evidence.challenger, f"the live recipe {case.label(champion)}"
    failed = [
        x
        for x in case.criteria
        if x.passed is False
        and (x.criterion != "Valid result" or x.detail.startswith(f"{challenger} "))
    ]
    for name in popularities:
        behind = case.lead(champion, name)
        if behind.high < 0:
            case.note("Champion beats popularity", f"{behind} over {name}", passed=False)
            lost = f"{live} now loses to {case.label(name)}: its lead is {behind}"
            return f"Please check: {lost}. It is refreshed on the new rows."
    if challenger == champion or not failed:
        return f"Refresh: the challenger is {live} itself."
    because = f"because {challenger} failed a criterion: {failed[0].criterion}, {failed[0].detail}"
    return f"Refresh: {live} on the new rows, {because}."


def _comparisons(case: _Case) -> tuple[Comparison, ...]:
    evidence = case.evidence
    roles: dict[str, Role] = dict.fromkeys(evidence.baselines, "baseline")
    roles |= dict.fromkeys(evidence.popularities, "popularity")
    if evidence.champion is not None:
        roles[evidence.champion] = "champion"
    roles[evidence.challenger] = "challenger"
    n = int(evidence.slices[WARM].sum())
    comparable = {
        name
        for name, result in evidence.results.items()
        if n and result.failure is None and np.isfinite(result.values).all()
    }
    opponents = comparable - {evidence.challenger} if evidence.challenger in comparable else set()
    leads = {name: case.lead(evidence.challenger, name) for name in opponents}
    return tuple(
        Comparison(name, role, case.mean(name), n, leads.get(name))
        for name, role in roles.items()
        if name in comparable
    )

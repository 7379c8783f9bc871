"""The gate: one ordered rule that says what is released. Every criterion is kept with its numbers.

1. Sound?  2. Enough people?  3. No live release: the first.  4. Challenger against champion and
every popularity.  5. Otherwise the champion's recipe on the new rows.  6. What cannot be judged is
held; while publishing is paused, nothing is published.

All comparisons are paired over users, on one window, with seeded 95 % bootstrap intervals. One
window lies, and the same window asked night after night lies sooner or later: so a promotion also
needs the means over the rolling windows, which end before it begins.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jobs.engine.judging import intervals
from jobs.engine.judging.intervals import Interval
from jobs.engine.judging.verdicts import (
    Comparison,
    Criterion,
    Decision,
    Evidence,
    Floors,
)
from warehouse.tables.vocabulary import HEADLINE, WARM, Outcome, Role


@dataclass
class _Case:
    """One decision in progress."""

    evidence: Evidence
    floors: Floors
    criteria: list[Criterion] = field(default_factory=list)
    leads: dict[tuple[str, str, str], Interval] = field(default_factory=dict)

    def note(self, criterion: str, detail: str, *, passed: bool | None) -> bool:
        self.criteria.append(Criterion(criterion, passed, detail))
        return bool(passed)

    def values(self, recipe: str, slice_name: str = WARM) -> NDArray[np.float64]:
        return self.evidence.results[recipe].values[self.evidence.slices[slice_name]]

    def mean(self, recipe: str) -> float:
        return float(self.values(recipe).mean())

    def lead(self, ours: str, theirs: str, slice_name: str = WARM) -> Interval:
        key = (ours, theirs, slice_name)
        if key not in self.leads:
            differences = self.values(ours, slice_name) - self.values(theirs, slice_name)
            self.leads[key] = intervals.paired(differences)
        return self.leads[key]

    def said(self, recipe: str) -> str:
        return f"{recipe} ({HEADLINE} {self.mean(recipe):.4f})"


def decide(evidence: Evidence, floors: Floors) -> Decision:
    """Return what the ordered rule says of the evidence. What cannot be judged is `hold`."""
    case = _Case(evidence, floors)
    verdict, recipe, reason = _rule(case)
    if evidence.cut != "time" and verdict != "hold":
        reason += f" Judged on a split by {evidence.cut.replace('_', ' ')}: there are no times."
    publishes = verdict != "hold"
    if evidence.publishing_paused_by is not None:
        publishes = False
        case.note(
            "Publishing not paused?", f"paused by {evidence.publishing_paused_by}", passed=False
        )
        reason += f" Nothing is published: {evidence.publishing_paused_by} paused publishing."
    return Decision(verdict, recipe, reason, publishes, tuple(case.criteria), _comparisons(case))


def _rule(case: _Case) -> tuple[Outcome, str | None, str]:
    evidence, floors = case.evidence, case.floors
    if not _data_sound(case):
        return "hold", None, f"Held: the data is not sound, {case.criteria[-1].detail}."
    n = int(evidence.slices[WARM].sum())
    enough = n >= floors.min_test_users
    servable = [name for name in evidence.popularities if _sound(case, name, n)]
    challenger_sound = _sound(case, evidence.challenger, n, enough=enough)
    champion = evidence.champion
    if champion is not None and not _sound(case, champion, n):
        return "hold", None, f"Held: the live recipe {case.criteria[-1].detail}."
    if not servable:
        return "hold", None, "Held: no popularity could be judged."
    few = f"{n} warm users, {floors.min_test_users} are needed"
    case.note("Enough people?", few, passed=enough)
    if champion is not None:
        return _against(case, champion, servable, few, able=enough and challenger_sound)
    if enough:
        return "first", *_first(case, servable, challenger_sound=challenger_sound)
    return "first", servable[0], f"First release, not judged ({few}): {servable[0]}."


def _data_sound(case: _Case) -> bool:
    n, share = case.evidence.n_interactions, case.evidence.quarantine_share
    limit = case.floors.max_quarantine_share
    some = case.note("Data sound?", f"{n} ratings are frozen", passed=n > 0)
    refused = f"{share:.2%} of the rows are in quarantine, {limit:.2%} are allowed"
    return some and case.note("Data sound?", refused, passed=share <= limit)


def _sound(case: _Case, recipe: str, n: int, *, enough: bool = False) -> bool:
    """Note the first thing that is wrong with a recipe's result, if there is one.

    Coverage has a floor only for a challenger that can be judged: few people see few items.
    """
    found = case.evidence.results.get(recipe)
    if found is None:
        return case.note("Sound?", f"{recipe} has no result", passed=False)
    floor = case.floors.min_coverage if enough and found.personalised else 0
    wrong = {
        f"failed: {found.failure}": found.failure is not None,
        f"has {found.n_not_finite} factors that are no numbers": found.n_not_finite > 0,
        "has metrics that are no numbers": not np.isfinite(found.values).all(),
        f"left {found.n_empty} of {n} warm users without a list": found.n_empty > 0,
        f"shows {found.coverage:.3f} of the catalogue, the floor is {floor:.3f}": (
            floor > 0 and not found.coverage >= floor
        ),
    }
    for what, is_so in wrong.items():
        if is_so:
            return case.note("Sound?", f"{recipe} {what}", passed=False)
    return case.note("Sound?", f"{recipe}: finite, coverage@10 {found.coverage:.3f}", passed=True)


def _against(
    case: _Case, champion: str, servable: list[str], few: str, *, able: bool
) -> tuple[Outcome, str, str]:
    challenger = case.evidence.challenger
    if not case.criteria[-1].passed:
        return "refresh", champion, f"Refreshed, not judged ({few}): {champion} on the new rows."
    if able and _wins(case, champion, servable):
        lead = case.lead(challenger, champion)
        beaten = f"beats the live {case.said(champion)} by {lead} and every popularity"
        return "promote", challenger, f"Promoted: {case.said(challenger)} {beaten}."
    return "refresh", champion, _why_refreshed(case, champion, servable)


def _first(case: _Case, servable: list[str], *, challenger_sound: bool) -> tuple[str, str]:
    challenger = case.evidence.challenger
    best = max(servable, key=case.mean)
    if challenger in case.evidence.popularities:
        case.note("Beats the best popularity?", f"the best is {case.said(best)}", passed=None)
        return best, f"First release: {case.said(best)} is the best popularity."
    if not challenger_sound:
        wrong = [x.detail for x in case.criteria if x.criterion == "Sound?" and not x.passed]
        return best, f"First release: {case.said(best)}, as the challenger {wrong[-1]}."
    lead = case.lead(challenger, best)
    if case.note("Beats the best popularity?", f"{lead} over {best}", passed=lead.low > 0):
        beaten = f"beats the best popularity {case.said(best)} by {lead}"
        return challenger, f"First release: {case.said(challenger)} {beaten}."
    doubt = f"{case.said(challenger)} does not surely beat it ({lead})"
    return best, f"First release: {case.said(best)}, as {doubt}."


def _wins(case: _Case, champion: str, servable: list[str]) -> bool:
    """Note the challenger's lead over each opponent, then what each slice loses."""
    challenger = case.evidence.challenger
    popularities = [] if challenger in case.evidence.popularities else servable
    opponents = [("Beats the champion?", champion)]
    opponents += [("Beats the popularity?", name) for name in popularities if name != champion]
    won = True
    for criterion, opponent in opponents:
        lead = case.lead(challenger, opponent)
        won &= case.note(criterion, f"{lead} over {opponent}", passed=lead.low > 0)
    for _, opponent in opponents:
        won &= _rolling_agrees(case, opponent, needed=won)
    tolerance = case.floors.slice_tolerance
    for slice_name, members in case.evidence.slices.items():
        if slice_name == WARM or not members.any():
            continue
        lead = case.lead(challenger, champion, slice_name)
        fine = not (lead.mean < -tolerance and lead.high < 0)
        won &= case.note("No slice loses?", f"{slice_name}: {lead} over {champion}", passed=fine)
    return won


def _rolling_agrees(case: _Case, opponent: str, *, needed: bool) -> bool:
    """Note whether the mean lead over the rolling windows is above nought.

    They are looked at only where the gate's own window does not say no already.
    """
    criterion, rolling = "Rolling windows agree?", case.evidence.rolling
    ours, theirs = (rolling.get(name, {}) for name in (case.evidence.challenger, opponent))
    if not ours and not needed:
        why = f"not needed: the gate's window says no to {opponent}"
        return case.note(criterion, why, passed=None)
    if not ours or set(ours) != set(theirs):
        return case.note(criterion, f"not all were scored for {opponent}", passed=False)
    leads = {window: ours[window] - theirs[window] for window in sorted(ours)}
    mean = float(np.mean(list(leads.values())))
    each = ", ".join(f"{window} {lead:+.4f}" for window, lead in leads.items())
    cut = "" if case.evidence.cut == "time" else f", cut by {case.evidence.cut.replace('_', ' ')}"
    return case.note(criterion, f"{mean:+.4f} over {opponent} ({each}{cut})", passed=mean > 0)


def _why_refreshed(case: _Case, champion: str, servable: list[str]) -> str:
    challenger, live = case.evidence.challenger, f"the live recipe {case.said(champion)}"
    failed = next(
        (
            each
            for each in case.criteria
            if each.passed is False
            and (each.criterion != "Sound?" or each.detail.startswith(f"{challenger} "))
        ),
        None,
    )
    for name in servable:
        behind = case.lead(champion, name)
        if behind.high < 0:
            case.note("Champion holds?", f"{behind} over {name}", passed=False)
            lost = f"now loses to {case.said(name)} by {behind}"
            return f"A person should look: {live} {lost}. It is refreshed on the new rows."
    if challenger == champion or failed is None:
        return f"Refreshed: the challenger is {live} itself."
    why = f"{challenger} did not pass: {failed.criterion} {failed.detail}"
    return f"Refreshed: {live} on the new rows, as the challenger {why}."


def _comparisons(case: _Case) -> tuple[Comparison, ...]:
    evidence = case.evidence
    roles: dict[str, Role] = dict.fromkeys(evidence.baselines, "baseline")
    roles |= dict.fromkeys(evidence.popularities, "popularity")
    if evidence.champion is not None:
        roles[evidence.champion] = "champion"
    roles[evidence.challenger] = "challenger"
    judged = {
        name: role
        for name, role in roles.items()
        if name in evidence.results
        and evidence.results[name].failure is None
        and evidence.slices[WARM].any()
        and np.isfinite(evidence.results[name].values).all()
    }
    n = int(evidence.slices[WARM].sum())
    leads = {
        name: case.lead(evidence.challenger, name)
        for name in judged
        if name != evidence.challenger and evidence.challenger in judged
    }
    return tuple(
        Comparison(name, role, case.mean(name), n, leads.get(name)) for name, role in judged.items()
    )

"""The acts on rows in quarantine: release or reject those of one check, with a reason."""

import streamlit as st

from dashboards.console import components
from dashboards.console.acts import reason
from dashboards.console.data import checks, client
from dashboards.console.data.by_check import CheckRows
from dashboards.console.data.reading import Quarantined
from dashboards.console.sources import Account
from dashboards.text import esc, moment, plural
from serving.errors import ScopeMissingError
from serving.schemas import NewDecision, QuarantineDecision
from warehouse.quarantine import Decided

SHOWN_DECISIONS = 8
_ALL = ""
DONE = "decision_done"


def buttons(account: Account, dataset: str, rows: CheckRows, rejected: Quarantined) -> None:
    """Show the choice of a landing, and a button for each act on its rows."""
    landing_id = _landing(rows, rejected) or None
    counts = rows.by_state if landing_id is None else rows.by_landing[landing_id]
    n_rows = sum(counts.values())
    subject = f"{plural('row', n_rows)} that fail “{esc(checks.label(rows.check))}”"
    release = (
        f"Accept {subject} as they are? The next ingest checks these rows again, without this "
        "check. Rows that fail another check stay here."
    )
    reject = f"Reject {subject}? They stay in quarantine and need no decision any more."
    can_release = checks.is_releasable(rows.check) and n_rows > counts["released"]
    acts: list[tuple[Decided, str, str, bool]] = [
        ("release", "lock_open", release, can_release),
        ("reject", "block", reject, n_rows > counts["rejected"]),
    ]
    with components.row():
        for decision, icon, question, is_possible in acts:
            key, label = f"{decision}_{rows.key}_{landing_id or 'all'}", decision.capitalize()
            if not is_possible:
                help_text = _why_not(rows.check, decision)
                st.button(
                    label, f"no_{key}", icon=f":material/{icon}:", disabled=True, help=help_text
                )
            elif why := reason.popover(label, key, icon, question):
                new = {
                    "target": rows.target,
                    "check": rows.check,
                    "landing_id": landing_id,
                    "landed_until": rejected.read_at,
                    "decision": decision,
                    "reason": why,
                }
                _decide(account, dataset, NewDecision.model_validate(new))


def history(account: Account, dataset: str) -> None:
    """Show the newest decisions to operators."""
    try:
        decisions = client.decisions(account, dataset)[:SHOWN_DECISIONS]
    except ScopeMissingError:
        st.caption("Only operators decide on rows, and see who decided.")
        return
    if not decisions:
        return
    st.markdown("**Decisions**")
    components.table([_row(each) for each in decisions], "Decisions with time, actor and reason")


def _landing(rows: CheckRows, rejected: Quarantined) -> str:
    """Return the landing that the account picks, or the option of all."""
    newest_first = sorted(
        (rejected.landings[x] for x in rows.by_landing if x in rejected.landings),
        key=lambda landing: (landing.landed_at or rejected.read_at, landing.landing_id),
        reverse=True,
    )
    labels = {_ALL: f"All landings ({rows.n_rows:,} rows)"}
    for landing in newest_first:
        n_rows = sum(rows.by_landing[landing.landing_id].values())
        at = moment(landing.landed_at or rejected.read_at)
        labels[landing.landing_id] = f"{landing.source_file}, landed {at} ({n_rows:,} rows)"
    return st.selectbox(
        "Rows of", list(labels), key=f"landing_{rows.key}", format_func=labels.__getitem__
    )


def _why_not(check: str, decision: Decided) -> str:
    if decision == "release" and not checks.is_releasable(check):
        return "Such rows cannot be released: see above"
    return "Released already" if decision == "release" else "Rejected already"


def _decide(account: Account, dataset: str, new: NewDecision) -> None:
    client.decide(account, dataset, new)
    released = "Released. The next ingest takes the rows: “Start ingest” above starts it."
    st.session_state[DONE] = released if new.decision == "release" else "Rejected."
    st.rerun()


def _row(decision: QuarantineDecision) -> dict[str, str]:
    what = "Released" if decision.decision == "release" else "Rejected"
    of = decision.landing_id or f"all up to {moment(decision.landed_until)}"
    return {
        "When": moment(decision.decided_at),
        "Who": esc(decision.decided_by),
        "What": f"{what}: {esc(checks.label(decision.check))} :gray[{decision.target}, {esc(of)}]",
        "Why": esc(decision.reason),
    }

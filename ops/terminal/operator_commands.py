"""The commands of operators: list releases and acts, and change what is served.

Every change is audited.
"""

import time
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from edge.log_lines import one_line
from ops.steps import console, duration
from ops.terminal.acts import Acts, acting
from serving.schemas import Action, LiveState

DatasetOption = Annotated[str, typer.Option("--dataset", help="name of a manifest in datasets/")]
ReasonOption = Annotated[str, typer.Option("--reason", help="why; kept in the audit")]
UserOption = Annotated[
    str | None,
    typer.Option("--user", help="operator in Airflow; default: the administrator of `lantern up`"),
]
DirectOption = Annotated[
    bool,
    typer.Option(
        "--direct",
        help="act in this machine's Postgres, for when the API or Airflow is down; also audited",
    ),
]
SHOWN_RELEASES = 20


def releases(
    dataset: DatasetOption, user: UserOption = None, *, direct: DirectOption = False
) -> None:
    """List the newest releases: their state, recipe, verdict and number of users."""
    with acting(dataset, user=user, direct=direct) as acts:
        history = acts.release_history(limit=SHOWN_RELEASES)
    table = Table("release", "state", "recipe", "verdict", "ready (UTC)", "users", box=None)
    for release in history:
        state = "[green]live[/green]" if release.live else "kept" if release.kept else "deleted"
        if release.publishing_paused_by:
            state += f", publishing paused by {escape(release.publishing_paused_by)}"
        table.add_row(
            str(release.release_id), state, escape(release.recipe), release.verdict,
            f"{release.ready_at:%Y-%m-%d %H:%M}", f"{release.n_users:,}",
        )  # fmt: skip
    console.print(table)


def rollback(
    dataset: DatasetOption,
    reason: ReasonOption,
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """Serve the previous release and pause publishing.

    It signs in to Airflow and asks the API. With --direct it needs neither.
    """
    begun = time.monotonic()
    with acting(dataset, user=user, direct=direct) as acts:
        state = acts.roll_back(instead_of=_live_release_id(acts), reason=reason)
    _report(dataset, state, begun)


def activate(
    release: Annotated[int, typer.Argument(help="id of a kept release", min=1)],
    dataset: DatasetOption,
    reason: ReasonOption,
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """Serve a kept release, newer or older. This resumes publishing."""
    begun = time.monotonic()
    with acting(dataset, user=user, direct=direct) as acts:
        state = acts.activate(release, instead_of=_live_release_id(acts), reason=reason)
    _report(dataset, state, begun)


def pause(
    dataset: DatasetOption,
    reason: ReasonOption,
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """Pause publishing: the live release stays until publishing is resumed."""
    begun = time.monotonic()
    with acting(dataset, user=user, direct=direct) as acts:
        state = acts.pause_publishing(reason=reason)
    _report(dataset, state, begun)


def resume(
    dataset: DatasetOption,
    reason: ReasonOption = "Publishing was resumed.",
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """Resume publishing: the next retrain may publish again."""
    with acting(dataset, user=user, direct=direct) as acts:
        acts.resume_publishing(reason=reason)
    console.print(f"{dataset}: publishing is resumed. The next retrain may publish.")


def audit(
    dataset: DatasetOption,
    action: Annotated[Action | None, typer.Option(help="only acts of this kind")] = None,
    actor: Annotated[str | None, typer.Option(help="only acts of this actor")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="number of acts")] = 20,
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """List the newest acts: who did what, when and why."""
    with acting(dataset, user=user, direct=direct) as acts:
        page = acts.audit(action=action, actor=actor, limit=limit)
    table = Table("when (UTC)", "who", "what", "outcome", "why", box=None)
    for entry in page.entries:
        outcome = entry.outcome if entry.problem is None else f"refused: {entry.problem}"
        what = f"{entry.action} {entry.target}"
        when = f"{entry.acted_at:%Y-%m-%d %H:%M:%S}"
        texts = map(one_line, (entry.actor, what, outcome, entry.reason))
        table.add_row(when, *map(escape, texts))
    console.print(table)
    console.print(f"{len(page.entries)} of {page.total} acts.")


def _live_release_id(acts: Acts) -> int | None:
    """Return the id of the live release, None if no release is live."""
    history = acts.release_history()
    return next((release.release_id for release in history if release.live), None)


def _report(dataset: str, state: LiveState, begun: float) -> None:
    seconds = time.monotonic() - begun
    console.print(f"{dataset}: release {state.live_release} is live ({duration(seconds)}).")
    if state.publishing_paused_by:
        console.print(f"Publishing is paused until `lantern resume --dataset {dataset}`.")

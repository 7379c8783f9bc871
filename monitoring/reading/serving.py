"""Facts about a data set from Postgres, as the API returns them and as jobs read them."""

from collections.abc import Sequence

from monitoring.facts import Erasures, LiveRelease, Serving
from serving.schemas import OpenErasures, OutboxState, Release, Verdict


def serving(
    releases: Sequence[Release], verdicts: Sequence[Verdict], outbox: OutboxState
) -> Serving:
    """Return what Postgres knows. `verdicts` are newest first."""
    live = next((release for release in releases if release.live), None)
    return Serving(
        release=None if live is None else live_release(live),
        verdicts=tuple(verdict.verdict for verdict in verdicts),
        n_waiting=outbox.n_waiting,
        oldest_waiting_at=outbox.oldest_waiting_at,
    )


def live_release(live: Release) -> LiveRelease:
    """Return the facts about the live release; who paused publishing is none of them."""
    return LiveRelease(
        release_id=live.release_id,
        live_since=live.live_since or live.ready_at,
        is_paused=live.publishing_paused_by is not None,
    )


def erasures(open_erasures: OpenErasures) -> Erasures:
    """Return the facts about erasures that are not complete."""
    return Erasures(
        n_with_rows=open_erasures.n_with_rows,
        oldest_with_rows_at=open_erasures.oldest_with_rows_at,
        n_with_files=open_erasures.n_with_files,
        oldest_with_files_at=open_erasures.oldest_with_files_at,
    )

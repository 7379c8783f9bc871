"""The window lists of the last retrain, for previews of rules. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from serving.schemas import Verdict
from serving.tables import WindowList
from serving.users import erasures

_IS_OUTDATED = text(
    """
    select exists (select from window_lists where retrain_id = :retrain_id) or exists (
        select from verdicts where verdict <> 'hold' and decided_at > :decided_at
    )
    """
)
_DELETE = text("delete from window_lists")


def replace(session: Session, verdict: Verdict, lists: Sequence[Mapping[str, Any]]) -> None:
    """Replace the lists by those of the recipe that a retrain chose, as role `publisher`.

    Nothing changes on a `hold`, if the retrain's lists are already there, or if a later retrain was
    decided. Lists of erased users are left out; erasures wait until the transaction ends. A list
    has user_id, item_ids, scores and relevant.
    """
    decided = {"retrain_id": verdict.retrain_id, "decided_at": verdict.decided_at}
    if verdict.verdict == "hold" or session.scalar(_IS_OUTDATED, decided):
        return
    origin = {"retrain_id": verdict.retrain_id, "recipe": verdict.recipe}
    session.execute(_DELETE)
    if lists:
        session.execute(insert(WindowList), [origin | dict(row) for row in lists])
    erasures.hold_up(session)
    erasures.delete_from(session, "window_lists")

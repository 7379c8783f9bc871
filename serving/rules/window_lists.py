"""What judged people of the last retrain's window would have seen: rules are tried on that.

Callers own the transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from serving.schemas import Verdict
from serving.tables import WindowList

_STAYS = text(
    """
    select exists (select from window_lists where retrain_id = :retrain_id) or exists (
        select from verdicts where verdict <> 'hold' and decided_at > :decided_at
    )
    """
)
_EMPTY = text("delete from window_lists")
_LEAVE_OUT = text("delete from window_lists where user_id in (select user_id from erasures)")


def replace(session: Session, verdict: Verdict, lists: Sequence[Mapping[str, Any]]) -> None:
    """Put the lists of the recipe that a retrain chose in the place of those that are there.

    A `hold` leaves what is there, and so does a retrain whose lists are there, or that was decided
    before another one. People who asked to be forgotten are left out.

    Args:
        session: of the data set, as role `publisher`.
        verdict: the retrain's.
        lists: user_id, item_ids, scores and relevant of each person.
    """
    decided = {"retrain_id": verdict.retrain_id, "decided_at": verdict.decided_at}
    if verdict.verdict == "hold" or session.scalar(_STAYS, decided):
        return
    chosen = {"retrain_id": verdict.retrain_id, "recipe": verdict.recipe}
    session.execute(_EMPTY)
    if lists:
        session.execute(insert(WindowList), [chosen | dict(one) for one in lists])
    session.execute(_LEAVE_OUT)

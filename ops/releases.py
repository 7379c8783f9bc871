"""Roll back and unpin from the terminal, as the role that may move the pointer."""

import getpass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ops import database
from ops.stack import Stack
from serving import database as serving
from serving import releases


def roll_back(stack: Stack, dataset: str, reason: str) -> int:
    """Return the release that is live now: the one before, pinned in this person's name."""
    engine = _engine(stack, dataset)
    with Session(engine) as session, session.begin():
        release = releases.roll_back(session, actor=actor(), reason=reason)
    engine.dispose()
    return release


def unpin(stack: Stack, dataset: str) -> bool:
    """Let retrains publish again, and return whether there was a pin."""
    engine = _engine(stack, dataset)
    with Session(engine) as session, session.begin():
        lifted = releases.unpin(session, actor=actor())
    engine.dispose()
    return lifted


def actor() -> str:
    """Return who is at the terminal, as the audit shall name him."""
    return f"{getpass.getuser()} (recsys)"


def _engine(stack: Stack, dataset: str) -> Engine:
    role = database.PUBLISHER
    return serving.connect(stack.server.url("recsys", role, stack.secrets.of(role)), dataset)

"""Releases from the terminal: roll back and resume publishing as the role that may, and rebuild."""

import getpass
import subprocess
import sys

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ops.errors import OpsError
from ops.machine import database, environment
from ops.machine.stack import Stack
from ops.settings import ROOT
from serving.publishing import releases
from serving.storage import database as serving


def roll_back(stack: Stack, dataset: str, reason: str) -> int:
    """Return the release that is live now: the previous one. Publishing is paused."""
    engine = _engine(stack, dataset)
    with Session(engine) as session, session.begin():
        release = releases.roll_back(session, actor=actor(), reason=reason)
    engine.dispose()
    return release


def resume_publishing(stack: Stack, dataset: str) -> bool:
    """Let retrains publish again, and return whether publishing was paused."""
    engine = _engine(stack, dataset)
    with Session(engine) as session, session.begin():
        lifted = releases.resume_publishing(session, actor=actor())
    engine.dispose()
    return lifted


def fit_of(stack: Stack, dataset: str, release_id: int) -> str:
    """Return the fit that a kept release was made from.

    Raises:
        OpsError: no kept release has this number. The message lists those there are.
    """
    engine = _engine(stack, dataset)
    with Session(engine) as session:
        kept = {one.release_id: one.retrain_id for one in releases.kept(session)}
    engine.dispose()
    if release_id not in kept:
        there = ", ".join(map(str, kept)) or "none"
        raise OpsError(f"{dataset} keeps no release {release_id}; there are: {there}.")
    return kept[release_id]


def rebuild(stack: Stack, dataset: str, release_id: int) -> bool:
    """Make a release again from its ledger, beside the platform; return whether it is the same."""
    retrain_id = fit_of(stack, dataset, release_id)
    options = ["--dataset", dataset, "--retrain", retrain_id]
    command = [sys.executable, "-m", "jobs.retraining.rebuild", *options]
    variables = environment.job(stack.settings)
    return subprocess.run(command, env=variables, cwd=ROOT, check=False).returncode == 0  # noqa: S603 # a list, no shell


def actor() -> str:
    """Return who is at the terminal, as the audit shall name him."""
    return f"{getpass.getuser()} (lantern)"


def _engine(stack: Stack, dataset: str) -> Engine:
    role = database.PUBLISHER
    return serving.connect(stack.server.url("lantern", role, stack.secrets.of(role)), dataset)

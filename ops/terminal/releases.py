"""Kept releases from the terminal: rebuild one and compare."""

import os
import pwd
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from ops.errors import OpsError
from ops.machine import database, environment
from ops.machine.stack import Stack
from serving.publishing import releases


def fit_of(stack: Stack, dataset: str, release_id: int) -> str:
    """Return the fit that a kept release was made from.

    Raises:
        OpsError: No kept release has this id. The message lists the kept releases.
    """
    with _transaction(stack, dataset) as session:
        kept = {release.release_id: release.retrain_id for release in releases.kept(session)}
    if release_id not in kept:
        release_ids = ", ".join(map(str, kept)) or "none"
        raise OpsError(f"{dataset} keeps no release {release_id}; kept: {release_ids}.")
    return kept[release_id]


def rebuild(stack: Stack, dataset: str, release_id: int) -> bool:
    """Fit a release again, beside the platform; return whether the lists are the same."""
    retrain_id = fit_of(stack, dataset, release_id)
    command = ["jobs.retraining.rebuild", "--dataset", dataset, "--retrain", retrain_id]
    return environment.run_job(stack.settings, command).returncode == 0


def actor() -> str:
    """Return the actor for the audit: the operating system's user, not that of `LOGNAME`."""
    return f"{pwd.getpwuid(os.getuid()).pw_name} (lantern)"


def _transaction(stack: Stack, dataset: str) -> AbstractContextManager[Session]:
    role = database.PUBLISHER
    return database.transaction(stack.server.url("lantern", role, stack.secrets.of(role)), dataset)

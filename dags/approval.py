"""The task that asks a person: the evidence in Airflow's own form, and what an answer means.

The text is made by `jobs.summarize` from the lake's gold rows and handed to Airflow as it is: it
goes through no XCom and no template, so that nothing a title says is ever run or rendered as code.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException

from dags.operators import ending, without_secrets

PARAM = "ask_for_approval"
LONGEST_BRIEF = 300.0  # seconds


class ApproveOperator(ApprovalOperator):
    """Asks whether to publish, where the run's form wants it; else it ends at once.

    Reject, and no answer in time, skip everything that follows. The task itself stays green: a
    refusal is an answer and no failure.

    Args:
        arguments: What follows `python -m jobs.summarize`.
        operator_args: As of ApprovalOperator.
    """

    template_fields: Sequence[str] = ("subject", "arguments")
    ui_color = "#f3ead7"

    def __init__(self, *, arguments: Sequence[str], **operator_args: Any) -> None:
        super().__init__(
            defaults=self.REJECT, ignore_downstream_trigger_rules=True, **operator_args
        )
        self.arguments = arguments

    def execute(self, context: Context) -> None:
        """Show the evidence and wait for an answer, if one is wanted."""
        if not context["params"].get(PARAM):
            self.log.info("Nobody is asked: neither the manifest nor the form wants an approval.")
            return
        self.body = brief(self.arguments)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on, or skip what follows; say who decided it."""
        who = (event.get("responded_by_user") or {}).get("name")
        if event.get("chosen_options") == [self.APPROVE]:
            self.log.info("approved operator=%s", json.dumps(who))
        elif who is None:
            self.log.warning("approval_expired answers=0")
        else:
            self.log.warning("rejected operator=%s", json.dumps(who))
        return super().execute_complete(context, event)


def brief(arguments: Sequence[str]) -> str:
    """Return what `jobs.summarize` writes: the evidence as Markdown.

    Raises:
        AirflowException: it failed; the message holds what it said last.
    """
    done = subprocess.run(  # noqa: S603 # a list, no shell
        [sys.executable, "-P", "-m", "jobs.summarize", *arguments],
        env=without_secrets(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONGEST_BRIEF,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
        raise AirflowException(f"jobs.summarize {ending(done.returncode)}; it said: {said[-1]}")
    return done.stdout

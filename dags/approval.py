"""The task that asks an operator for approval, with the evidence in Airflow's own form.

`jobs.summarize` writes the text. It passes through no XCom and no template, so an item's title is
never rendered as code.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import BaseHook, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dags.operators import database_url, exit_text, without_secrets

PARAM = "ask_for_approval"
BY_ANOTHER = "approval by another account"  # tag of a DAG: the API and the console read it
STARTED_BY_NOBODY = ("scheduled", "asset_triggered")  # types of runs
TIMEOUT = 300.0  # seconds


class ApproveOperator(ApprovalOperator):
    """Asks whether to publish if the run's form says so, else ends at once.

    A rejection, or no answer in time, skips the later tasks. This task still succeeds.

    `arguments` are options of `python -m jobs.summarize`. With `by_another`, the account that
    started the run may not approve it: if it does, this task fails, and clearing it asks again. The
    task then asks regardless of the form, and records who approved, as `publish` requires.
    """

    template_fields: Sequence[str] = ("subject", "arguments")
    ui_color = "#f3ead7"

    def __init__(
        self, *, arguments: Sequence[str], by_another: bool = False, **operator_args: Any
    ) -> None:
        operator_args |= {"defaults": self.REJECT, "ignore_downstream_trigger_rules": True}
        super().__init__(**operator_args)
        self.arguments = arguments
        self.by_another = by_another

    def execute(self, context: Context) -> None:
        """Show the approval summary and wait for an answer, if the form asks for one."""
        if self.by_another:
            _refuse_unknown_starter(context)
        elif not context["params"].get(PARAM):
            self.log.info("No approval needed: the form of this run does not ask for one.")
            return
        self.body = summary(self.arguments)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on, or skip the later tasks; log who decided."""
        operator = (event.get("responded_by_user") or {}).get("name")
        if event.get("chosen_options") == [self.APPROVE]:
            if self.by_another:
                self._record(context, operator)
            self.log.info("approved operator=%s", json.dumps(operator))
        elif operator is None:
            self.log.warning("approval_expired answers=0")
        else:
            self.log.warning("rejected operator=%s", json.dumps(operator))
        return super().execute_complete(context, event)

    def _record(self, context: Context, operator: str | None) -> None:
        """Record the approval, unless the account that started the run gave it."""
        started_by = context["dag_run"].triggering_user_name
        if operator is None or started_by == operator:
            self.log.error("own_approval operator=%s", json.dumps(operator))
            raise AirflowFailException(
                f"{operator} started this retrain and may not approve it. Clear this task: it then "
                "asks again, and another account can approve. Nothing was published."
            )
        url = database_url(BaseHook.get_connection("serving"))
        who = [f"--approved-by={operator}", f"--started-by={started_by or ''}"]
        output("approve", [*self.arguments, *who], {"SERVING_DATABASE_URL": url})


def _refuse_unknown_starter(context: Context) -> None:
    """Refuse a run that an account started without Airflow having recorded which one."""
    run = context["dag_run"]
    if run.triggering_user_name is not None:
        return
    by_asset = context["triggering_asset_events"]
    events = [event for of_asset in by_asset.values() for event in of_asset]
    was_sent = any((event.extra or {}).get("from_rest_api") for event in events)
    if was_sent or run.run_type not in STARTED_BY_NOBODY:
        raise AirflowFailException(
            "Airflow did not record which account started this run (an event sent to its API, for "
            "example), so no approval can be known to come from another account. Nothing was "
            "published: start a retrain."
        )


def summary(arguments: Sequence[str]) -> str:
    """Return the approval summary of `jobs.summarize`, as Markdown.

    Raises: see `output`.
    """
    return output("summarize", arguments, {})


def output(job: str, arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return what a job writes to standard output; `variables` are added to its environment.

    Raises:
        AirflowException: the job failed; the message has its last line.
        subprocess.TimeoutExpired: the job took longer than `TIMEOUT`.
    """
    done = subprocess.run(  # noqa: S603 # a list, no shell
        [sys.executable, "-P", "-m", f"jobs.{job}", *arguments],
        env={**without_secrets(os.environ), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["none"]
        text = exit_text(done.returncode)
        raise AirflowException(f"jobs.{job} {text}; its last line: {lines[-1]}")
    return done.stdout

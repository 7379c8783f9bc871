"""# Alert.

Checks every data set in use and the platform every few minutes, and sends an alert about each thing
that needs a person: when it is new, gets worse or is resolved, and again after a day. The settings
`ALERT_…` say where alerts go; they are always in the log of this task. There is one such DAG for
all data sets.

**If it fails:** Postgres does not answer, or has an older schema: read the last line of the task.
Alerts are sent about what is known without it, until it answers. The console's page Overview shows
the same status. A webhook or a mail server that is down is no failure: the next run sends what it
missed.
"""

from airflow.sdk import DAG

from dags.common import DEFAULT_ARGS, PLATFORM, QUICK, by_cron, platform_job

with DAG(
    dag_id=f"{PLATFORM}__alert",
    dag_display_name="Platform: alert",
    description="Checks all data sets, and sends alerts about what needs a person",
    schedule=by_cron("*/5 * * * *"),
    is_paused_upon_creation=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=[PLATFORM, "alert"],
) as alert:
    platform_job("alert", serving=True, airflow=True, alerts=True, execution_timeout=QUICK)

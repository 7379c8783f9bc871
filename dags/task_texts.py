"""Title and description of each task, as Airflow's page shows them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskText:
    """Title and description of one task."""

    title: str
    doc: str


TASK_TEXTS = {
    "erase": TaskText(
        "Erase users",
        "Deletes the rows of users who were erased from every table, and records the deletions in "
        "`gold.erased_rows`. Old files that still name them are deleted within "
        "`LAKE_ERASE_WITHIN_DAYS`. Without erased users it does nothing.",
    ),
    "compact": TaskText(
        "Compact small files",
        "Replaces the small files of tables that have at least 50 of them by few large ones, in "
        "one commit per table. No row changes; old versions keep their files until `vacuum`.",
    ),
    "vacuum": TaskText(
        "Delete old files",
        "Deletes files of the lake that only old table versions need, a week after they were "
        "replaced. Versions that kept releases were fitted on stay complete, unless users were "
        "erased since.",
    ),
    "prune": TaskText(
        "Delete old records",
        "Deletes records in Postgres that have reached the end of their retention: collected "
        "events with their idempotency keys, users who never sent an event, and entries of the "
        "audit. The settings `RETENTION_…` say how long each is kept.",
    ),
    "clean_airflow": TaskText(
        "Clean Airflow",
        "Deletes old runs from Airflow's database, and the logs of this data set's tasks, after "
        "`RETENTION_AIRFLOW_DAYS`. Skipped if Airflow has no connection `airflow_metadata`.",
    ),
    "alert": TaskText(
        "Send alerts",
        "Checks all data sets and the platform. Sends alerts to the log and to the targets of the "
        "settings `ALERT_…`: about what is new, worse or resolved, and again after a day. Records "
        "figures for `/metrics`.",
    ),
    "land": TaskText(
        "Land the files",
        "Copies each row of the source files unchanged to bronze, with its file and line. A file "
        "is landed only once, and again if the manifest now says to read it in another way.",
    ),
    "settle": TaskText(
        "Copy decisions on quarantined rows",
        "Copies operators' decisions on rows in `silver.quarantine` from Postgres to "
        "`bronze.quarantine_decisions`. `refine` accepts the rows that were released. Without a "
        "new decision it does nothing.",
    ),
    "listen": TaskText(
        "Land the messages",
        "Adds all messages of the manifest's topics to bronze as they were sent, without Spark. "
        "The same commit records the next offset of each partition, so that each message is stored "
        "once.",
    ),
    "forward": TaskText(
        "Publish the events",
        "Publishes collected events to the Kafka topic of the manifest's `[forward]`, each at "
        "least once; a message's key is the event's id.",
    ),
    "refine": TaskText(
        "Refine the rows",
        "Parses the new rows of bronze and runs the data quality checks. Rows that fail a check go "
        "to `silver.quarantine` with the names of the failed checks, unless an operator released "
        "them. Of the accepted rows, the newest per user and item is kept.",
    ),
    "collect": TaskText(
        "Collect the events",
        "Copies events from the outbox in Postgres to `bronze.feedback`, up to the oldest open "
        "transaction. The same commit records how far the outbox was read, so that each event is "
        "stored once.",
    ),
    "announce": TaskText(
        "Announce new rows",
        "Counts the events since the last retrain: accepted ones, and feedback that is not refined "
        "yet. If there are at least `retrain_after_events` of the manifest, and the last retrain "
        "read its data `retrain_after_hours` ago, it updates the asset, which starts a retrain. "
        "Otherwise this task is skipped.",
    ),
    "freeze": TaskText(
        "Freeze the tables",
        "Refines landed rows that are still pending, then records the version of each table. All "
        "later tasks of this run read these versions.",
    ),
    "nominate": TaskText(
        "Nominate the recipes",
        "Records the challenger (the recipe in the form, or the default one) and the champion (the "
        "recipe of the live release).",
    ),
    "search": TaskText(
        "Search for a recipe",
        "Tries recipes on three rolling windows of the frozen rows within the time budget of the "
        "form; the best one becomes the challenger. The log has one line per trial. Without a "
        "budget the nominated recipe is the challenger. An interrupted search continues with the "
        "remaining time.",
    ),
    "evaluate": TaskText(
        "Evaluate on a frozen window",
        "Fits challenger, champion, popularity recipes and baselines on the older events, and "
        "scores their lists on the newer ones, for all users and for each slice.",
    ),
    "decide": TaskText(
        "Decide: publish or hold",
        "Applies the gate to the evidence. After `first`, `promote` or `refresh` the run "
        "continues. After `hold`, or while publishing is paused, the later tasks are skipped. The "
        "last line of the log gives the reason.",
    ),
    "approve": TaskText(
        "Approve",
        "If the form requires an approval (by default if the manifest does), shows the approval "
        "summary and waits for an operator to approve or reject. After a rejection, or without an "
        "answer in time, the later tasks are skipped and the live release stays. If the manifest "
        "wants the approval of another account (`approval_by_another`), this task always asks, "
        "fails when the account that started the run approves (clearing the task asks again), and "
        "records who approved: `publish` refuses a run without that record.",
    ),
    "fit": TaskText(
        "Fit on all rows",
        "Fits the chosen recipe on all events. Writes a list for each user, fallback lists, "
        "similar items, items taken together, and finally a row of `gold.fits`.",
    ),
    "publish": TaskText(
        "Publish the lists",
        "Loads the lists into Postgres and makes them live, in one transaction.",
    ),
    "plan": TaskText(
        "Plan the backtest",
        "Records the cut, which is the run's logical date, and the recipe: that of the form, else "
        "of the live release, else the default one. If no event is before the cut or none is after "
        "it, the later task is skipped.",
    ),
    "backtest": TaskText(
        "Evaluate as of the cut",
        "Fits the recipe, popularity recipes, baselines and older models of the recipe on the "
        "events before the cut (older models: until some periods earlier). Scores their lists on "
        "the events of the period after it, for at most 5,000 users. Writes `gold.backtests`.",
    ),
}

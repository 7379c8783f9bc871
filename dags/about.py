"""What Airflow's page says of each task: its title, and what it does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """The words for one task."""

    title: str
    doc: str


TASKS = {
    "vacuum": About(
        "Remove old files",
        "Deletes files of the lake that only old versions need, a week after they were replaced. "
        "The versions that a kept release was made from stay whole.",
    ),
    "land": About(
        "Land the files",
        "Stores every row of the source's files as it was sent, with its file and line, in bronze. "
        "A file that is there already is not stored again.",
    ),
    "refine": About(
        "Refine the rows",
        "Gives the new rows of bronze their types and checks each rule. A row that breaks one goes "
        "to `silver.quarantine` with the rule's name; of the others the newest per user and item "
        "holds.",
    ),
    "collect": About(
        "Collect the events",
        "Reads what people did from Postgres' outbox, up to the oldest transaction that is still "
        "open, and appends it to `bronze.feedback`. How far it came stands in that very commit, so "
        "that each event comes once.",
    ),
    "announce": About(
        "Announce new rows",
        "Counts the events that came since the last retrain: those accepted, and feedback that "
        "waits to be refined. From `retrain_after_events` of the "
        "manifest on it tells Airflow, and the retrain starts; below, this task is skipped.",
    ),
    "freeze": About(
        "Freeze the tables",
        "Refines what is still waiting, then writes down the version of each table, so that every "
        "later task of this run reads the same rows.",
    ),
    "nominate": About(
        "Nominate the recipes",
        "Writes down who stands: the challenger (the form's recipe, or the default) and the "
        "champion (the recipe of the live release).",
    ),
    "search": About(
        "Search for a recipe",
        "Tries recipes on three rolling windows of the frozen rows for as long as the form allows, "
        "and lets the best one challenge. Its log has a line per trial; without a budget the "
        "nominated recipe challenges. A search that was killed goes on where it was.",
    ),
    "evaluate": About(
        "Evaluate on a frozen window",
        "Trains challenger, champion, popularities and baselines on the older events and measures "
        "each on the newer ones, over all people and over each segment.",
    ),
    "decide": About(
        "Decide: publish or hold",
        "Puts the evidence through the gate. `first`, `promote` and `refresh` go on; on `hold`, or "
        "while publishing is paused, what follows is skipped. The last line of the log says why.",
    ),
    "approve": About(
        "Ask a person",
        "Shows the evidence and waits for Approve or Reject, where the manifest or the form asks "
        "for it; else it does nothing. Rejected, or not answered within a day: what follows is "
        "skipped, and people keep what they see.",
    ),
    "fit": About(
        "Fit on all rows",
        "Trains the chosen recipe on everything and writes a list for each person, lists for "
        "strangers, similar items and the ledger's row.",
    ),
    "publish": About(
        "Publish the lists",
        "Loads the lists into Postgres and makes them live, in one transaction: all or nothing.",
    ),
}

"""Trials of a search, invented."""

from dashboards.console.retrain_rows import Trial


def trial(number: int, value: float | None, state: str = "complete", **changes: object) -> Trial:
    """Return a trial of the exploration."""
    fields: dict[str, object] = {
        "number": number,
        "stage": "explore",
        "recipe": f"als_{number}",
        "recipe_json": "{}",
        "parameters": {},
        "state": state,
        "value": value,
        "by_window": {},
        "seconds": 6.0,
        "failure": None,
    }
    return Trial(**(fields | changes))  # type: ignore[arg-type] # as written above

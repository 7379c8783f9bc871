"""The fields of a retrain's form: their values, presets, and what is wrong with a value."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_api.answers import Param
from dashboards.console.retrain_rows import TrialCost
from serving.schemas import ParameterValue

REASON = "reason"  # a field of the DAG's form that is the reason of the act
RECIPE, MINUTES, TRIALS = "recipe", "search_budget_minutes", "search_max_trials"
THOROUGH_TRIALS, THOROUGH_MINUTES, STEP_MINUTES = 30, 60, 5
Values = dict[str, ParameterValue]


def title(param: Param) -> str:
    """Return a field's label."""
    return str(param.schema.get("title") or param.name.replace("_", " ").capitalize())


def kind(param: Param) -> str:
    """Return a field's JSON type, without `null`."""
    types = param.schema.get("type", "string")
    names = [types] if isinstance(types, str) else types
    return next((name for name in names if name != "null"), "string")


def defaults(params: Sequence[Param]) -> Values:
    """Return the default of each field that is shown."""
    return {param.name: _default(param) for param in params if param.name != REASON}


def quick(params: Sequence[Param]) -> Values:
    """Return the values of a retrain without a search."""
    return _of_form(params, defaults(params) | {MINUTES: 0, TRIALS: 0, RECIPE: ""})


def thorough(params: Sequence[Param], cost: TrialCost | None) -> Values:
    """Return the values of a retrain with a search of about thirty trials, as far as allowed."""
    minutes = float(THOROUGH_MINUTES)
    if cost is not None:
        seconds = cost.preparation + THOROUGH_TRIALS * cost.per_trial
        minutes = math.ceil(seconds / 60 / STEP_MINUTES) * STEP_MINUTES
    by_name = {param.name: param for param in params}
    if MINUTES in by_name:
        minutes = min(minutes, by_name[MINUTES].schema.get("maximum", minutes))
    values: Values = {MINUTES: int(minutes), TRIALS: 0, RECIPE: "", "search_family": "any"}
    return _of_form(params, defaults(params) | values)


def same_as(params: Sequence[Param], conf: Mapping[str, Any]) -> Values:
    """Return the values that an earlier run was started with; defaults where it had none."""
    given = {name: value for name, value in conf.items() if value is not None}
    return _of_form(params, defaults(params) | given)


def problem(param: Param, value: ParameterValue) -> str | None:
    """Return a sentence on what is wrong with a value; None if it is valid."""
    schema, label = param.schema, title(param)
    if isinstance(value, str):
        return _text_problem(param, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not low <= value <= high:
            return f"{label}: {value} is not between {low} and {high}."
    return None


def _text_problem(param: Param, text: str) -> str | None:
    schema, label = param.schema, title(param)
    longest = schema.get("maxLength", math.inf)
    if len(text) > longest:
        return f"{label}: {len(text):,} characters are more than the {longest:,} allowed."
    if param.name == RECIPE:
        return _recipe_problem(label, text.strip(), schema.get("examples", ()))
    if "enum" in schema and text not in schema["enum"]:
        return f"{label}: {text!r} is not one of {', '.join(schema['enum'])}."
    if not re.search(schema.get("pattern", ""), text):
        return f"{label}: {text!r} does not have the form that Airflow expects."
    return None


def _recipe_problem(label: str, text: str, names: Sequence[str]) -> str | None:
    if not text:
        return None
    hint = f"Names: {', '.join(names)}." if names else ""
    if not text.startswith("{"):
        is_known = text in names if names else True
        return None if is_known else f"{label}: there is no recipe {text!r}. {hint}".rstrip()
    try:
        recipe = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, character {error.colno}"
        return f"{label}: this is not JSON ({error.msg}, {place})."
    named = recipe.get("kind")
    if not isinstance(named, str):
        return f'{label}: the JSON has no "kind", such as "als".'
    if names and named not in names:
        return f"{label}: there is no recipe of the kind {named!r}. {hint}".rstrip()
    return None


def _default(param: Param) -> ParameterValue:
    if param.default is None and kind(param) == "string":
        return ""
    default: ParameterValue = param.default
    return default


def _of_form(params: Sequence[Param], values: Mapping[str, Any]) -> Values:
    """Return the values of the fields that the form has; a value that is not valid is replaced."""
    valid_values = {}
    for param in params:
        if param.name != REASON:
            value = values.get(param.name, _default(param))
            valid_values[param.name] = _default(param) if problem(param, value) else value
    return valid_values

"""Which services answer. The routes that are asked need no key."""

from collections.abc import Iterator, Mapping

import httpx2

from edge import own_programs

TIMEOUT_SECONDS = 3
_AIRFLOW = {
    "scheduler": "Airflow scheduler",
    "triggerer": "Airflow triggerer",
    "dag_processor": "Airflow DAG processor",
}


def answering(
    *, api_url: str | None, airflow_url: str | None, app_url: str | None = None
) -> Mapping[str, bool]:
    """Return whether each service answers, by name. A service without an address is left out."""
    states: dict[str, bool] = {}
    if api_url:
        states |= _api(api_url)
    if airflow_url:
        states |= _airflow(airflow_url)
    if app_url:
        states["App"] = _get(app_url, "/_stcore/health") is not None
    return states


def _api(url: str) -> dict[str, bool]:
    answer = _get(url, "/ready")
    if answer is None:
        return {"API": False}
    datasets = _json(answer).get("datasets")
    of_datasets = datasets.values() if isinstance(datasets, dict) else ()
    has_database = any(isinstance(of, dict) and of.get("database") is True for of in of_datasets)
    return {"Postgres": has_database, "API": True}


def _airflow(url: str) -> dict[str, bool]:
    answer = _get(url, "/api/v2/monitor/health")
    if answer is None or not answer.is_success:
        return {"Airflow": False}
    return {"Airflow": True, **dict(_components(_json(answer)))}


def _components(health: Mapping[str, object]) -> Iterator[tuple[str, bool]]:
    for key, name in _AIRFLOW.items():
        component = health.get(key)
        if isinstance(component, dict) and component.get("status") is not None:
            yield name, component["status"] == "healthy"


def _get(url: str, path: str) -> httpx2.Response | None:
    """Return the answer to a request, whatever its status; None if there is none in time."""
    with own_programs.client(url.rstrip("/"), timeout=TIMEOUT_SECONDS) as http:
        try:
            return http.get(path)
        except httpx2.TransportError:
            return None


def _json(answer: httpx2.Response) -> dict[str, object]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}

"""All DAGs that a user may read are listed, however few Airflow returns at once."""

import json
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from airflow_api.answers import dataset_of
from airflow_api.client import Airflow
from tests.support.http_server import serving

MOST_AT_ONCE = 100  # Airflow's default of `maximum_page_limit`
DAGS = [{"dag_id": f"shop_{n}__retrain", "is_paused": n % 2 == 0} for n in range(250)]


class PagedAirflow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        begin = int(query.get("offset", ["0"])[0])
        n_dags = min(int(query["limit"][0]), MOST_AT_ONCE)
        page = {"dags": DAGS[begin : begin + n_dags], "total_entries": len(DAGS)}
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_all_pages_are_read() -> None:
    with serving(PagedAirflow) as url:
        paused = Airflow(url, token="t").dags()  # noqa: S106 # no secret

    assert paused == {dag["dag_id"]: dag["is_paused"] for dag in DAGS}


def test_a_dag_is_of_the_data_set_whose_name_it_begins_with() -> None:
    assert dataset_of("shop__retrain") == "shop"
    assert dataset_of("shop__of_books__retrain") == "shop__of_books"

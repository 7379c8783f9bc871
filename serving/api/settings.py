"""Settings of the API's process."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Variables that begin with API_. The database is `SERVING_DATABASE_URL`, as role `api`."""

    model_config = SettingsConfigDict(env_prefix="API_", frozen=True)

    datasets: tuple[str, ...] = Field(
        default=(),
        description="JSON list of the data sets to serve. Empty: every data set in the database.",
    )
    key_cache_seconds: float = Field(
        default=30,
        ge=0,
        description="Cache lifetime of API keys, in seconds. A revoked key may be accepted for "
        "this long.",
    )
    airflow_url: str | None = Field(
        default=None,
        description="URL of Airflow, which authenticates operators. Empty: requests of operators "
        "get 503.",
    )
    operator_cache_seconds: float = Field(
        default=60,
        ge=0,
        description="Cache lifetime of operators, in seconds. A user whose role was removed in "
        "Airflow may operate for this long.",
    )
    schema_check_seconds: float = Field(
        default=5,
        ge=0,
        description="Seconds between two checks for new data sets and migrations, and cache "
        "lifetime of the answers of `/ready` and `/metrics`.",
    )
    pool_size: int = Field(
        default=8,
        gt=0,
        description="Database connections per data set: this many for reads and this many for "
        "writes. Under load up to twice as many are opened.",
    )
    threads: int = Field(
        default=4,
        gt=0,
        description="Worker threads per process; keys and tokens are checked in others. Measured: "
        "more than 4 contend for the GIL and double the latency.",
    )
    single_cpu: bool = Field(
        default=False,
        description="Run the process on one CPU core. Measured: 40 % faster under the GIL. Use it "
        "only with one API process per machine, as `lantern up` does.",
    )
    max_body_bytes: int = Field(
        default=65536, gt=0, description="Largest request body, in bytes. Larger ones get 413."
    )
    max_batch_bytes: int = Field(
        default=1_048_576,
        gt=0,
        description="Largest request body with a batch, such as events, in bytes.",
    )
    shown_lists_queue: int = Field(
        default=5000,
        ge=0,
        description="Answers whose lists wait to be kept under their `list_id`, per process. Lists "
        "of more are dropped and counted in `/metrics`. 0: no list is kept.",
    )
    shown_lists_per_day: int = Field(
        default=5_000_000,
        ge=0,
        description="Lists per day (UTC) that each process keeps of its answers to a key. Further "
        "ones are served, but not kept: `/metrics` counts them. 0: no limit.",
    )
    user_shown_lists_per_day: int = Field(
        default=10_000,
        ge=0,
        description="Lists per day (UTC) that each process keeps of its answers about one user, "
        "for all keys. Further ones are served, but not kept: `/metrics` counts them. 0: no limit.",
    )
    requests_per_second: int = Field(
        default=2000,
        ge=0,
        description="Requests per second that each process accepts from one key, with bursts of "
        "one second's worth. 0: no limit.",
    )
    refusals_per_second: int = Field(
        default=10,
        ge=0,
        description="Refused requests per second and address, or IPv6 network (/64), with bursts "
        "of one second's worth. Above it, requests with an unknown key get 429 after one second. "
        "0: no limit.",
    )
    hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost"),
        description="JSON list of the names under which clients reach the API, without port: other "
        "`Host` headers get 400. Add the public name behind a proxy. `*.` stands for subdomains.",
    )
    events_per_day: int = Field(
        default=2_000_000,
        ge=0,
        description="Events per day (UTC) that each process accepts from one key. Repeated events "
        "do not count. 0: no limit.",
    )
    user_events_per_day: int = Field(
        default=10_000,
        ge=0,
        description="Events per day (UTC) that each process accepts of one user, from all keys. "
        "Repeated events do not count. 0: no limit.",
    )
    new_users_per_day: int = Field(
        default=100_000,
        ge=0,
        description="Users per day (UTC) that each process creates for one key. 0: no limit.",
    )
    item_changes_per_day: int = Field(
        default=1_000_000,
        ge=0,
        description="Changes of items per day (UTC) that each process accepts from one key. "
        "Changes that change nothing do not count. 0: no limit.",
    )
    attribute_changes_per_day: int = Field(
        default=1_000_000,
        ge=0,
        description="Changes of users' attributes per day (UTC) that each process accepts from one "
        "key. 0: no limit.",
    )
    disk_folders: tuple[Path, ...] = Field(
        default=(),
        description="JSON list of folders. `/metrics` has the free space of the disk of each.",
    )
    statement_timeout_ms: int = Field(
        default=5000,
        gt=0,
        description="Longest run time of an SQL statement, in milliseconds. A slower one gets 503.",
    )

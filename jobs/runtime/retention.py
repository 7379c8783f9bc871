"""How long records are kept that nothing reads any more."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RetentionSettings(BaseSettings):
    """Variables that begin with RETENTION_. `maintain` deletes older records every day."""

    model_config = SettingsConfigDict(env_prefix="RETENTION_", frozen=True)

    outbox_days: float = Field(
        default=30,
        ge=1,
        description="Days that a collected event stays in the outbox with its idempotency key: how "
        "long a product may retry. Events that wait to be collected always stay.",
    )
    unused_user_days: float = Field(
        default=90,
        ge=1,
        description="Days after which a user who was created but never sent an event is deleted, "
        "with their token.",
    )
    audit_days: float = Field(
        default=400, ge=1, description="Days that an entry of the audit is kept."
    )
    shown_list_days: float = Field(
        default=30,
        ge=1,
        description="Days that a list which the API answered is kept, by its `list_id`.",
    )
    airflow_days: float = Field(
        default=30, ge=1, description="Days that Airflow keeps runs and logs of tasks."
    )

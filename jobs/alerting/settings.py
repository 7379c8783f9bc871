"""Where alerts go, and which services they are about."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class AlertSettings(BaseSettings):
    """Variables that begin with ALERT_. Only the job `alert` gets them."""

    model_config = SettingsConfigDict(env_prefix="ALERT_", frozen=True, env_ignore_empty=True)

    webhook_url: SecretStr | None = Field(
        default=None, description="Address that gets alerts as JSON by POST. Empty: none."
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Key of the signature (HMAC-SHA256) of each request. Empty: no signature.",
    )
    mail_to: tuple[str, ...] = Field(
        default=(), description="JSON list of addresses that get alerts by e-mail. Empty: none."
    )
    mail_from: str = Field(default="", description="Sender of the e-mails.")
    smtp_host: str = Field(default="", description="Server that sends the e-mails.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="Encryption of the connection; with `none` no password is sent.",
    )
    smtp_user: str = Field(default="", description="User name at the server. Empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password at the server.")
    timeout_seconds: float = Field(
        default=10, gt=0, le=60, description="Longest time for one attempt, in seconds in all."
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Attempts per run. What fails is sent by the next run."
    )
    reminder_hours: float = Field(
        default=24, gt=0, description="Hours after which an alert that still holds is sent again."
    )
    console_url: str | None = Field(
        default=None, description="Address of the app in alerts, such as `https://example.org`."
    )
    api_url: str | None = Field(
        default=None, description="Address of the API, to check it. `lantern up` sets it."
    )
    airflow_url: str | None = Field(
        default=None, description="Address of Airflow, to check it. `lantern up` sets it."
    )
    app_url: str | None = Field(
        default=None, description="Address of the app, to check it. `lantern up` sets it."
    )

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Self:
        if self.mail_to and not (self.smtp_host and self.mail_from):
            raise ValueError("ALERT_MAIL_TO needs ALERT_SMTP_HOST and ALERT_MAIL_FROM")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError("ALERT_SMTP_USER needs ALERT_SMTP_SECURITY=starttls or tls")
        return self

"""Make the secrets of docker-compose.yml: `python3 -m ops.compose.env`, before the first start.

Needs the standard library only. A secret that is there stays as it is.
"""

import os
import secrets
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

FILE = Path(__file__).parents[2] / "var" / "secrets" / "compose.env"
BITS = 256
PASSWORDS = ("POSTGRES", "LANTERN_OWNER", "PUBLISHER", "API", "AIRFLOW", "AIRFLOW_ADMIN")
KEYS = ("AIRFLOW_SESSION", "AIRFLOW_JWT")  # of 64 bytes and more
FERNET = "KEY_AIRFLOW_FERNET"


def fresh() -> dict[str, str]:
    """Return a new secret for every variable that docker-compose.yml asks for."""
    return {
        **{f"PASSWORD_{name}": secrets.token_urlsafe(BITS // 8) for name in PASSWORDS},
        **{f"KEY_{name}": secrets.token_urlsafe(BITS // 4) for name in KEYS},
        FERNET: urlsafe_b64encode(secrets.token_bytes(BITS // 8)).decode(),
    }


def write(path: Path) -> list[str]:
    """Add what is missing to the file, mode 0600, and return the names of what was added."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        known = {line.partition("=")[0] for line in file.read().splitlines()}
        added = {name: value for name, value in fresh().items() if name not in known}
        file.writelines(f"{name}={value}\n" for name, value in added.items())
    return list(added)


if __name__ == "__main__":
    made = write(FILE)
    sys.stdout.write(
        f"{FILE}: {len(made)} secrets made. Airflow's administrator is `admin`, his password "
        f"PASSWORD_AIRFLOW_ADMIN there.\n  docker compose --env-file {FILE} up --build --wait\n"
    )

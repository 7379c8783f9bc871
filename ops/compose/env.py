"""Write the secrets for docker-compose.yml: `python3 -m ops.compose.env`.

Run it before the first start. It needs the standard library only and keeps existing secrets.
"""

import os
import secrets
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

FILE = Path(__file__).parents[2] / "var" / "secrets" / "compose.env"
BITS = 256
PASSWORDS = ("POSTGRES", "LANTERN_OWNER", "PUBLISHER", "API", "AIRFLOW", "AIRFLOW_ADMIN")
# Airflow requires 64 bytes or more.
KEYS = ("AIRFLOW_SESSION", "AIRFLOW_JWT", "SPARK", "VISITORS", "OBJECTS")
FERNET = "KEY_AIRFLOW_FERNET"


def fresh() -> dict[str, str]:
    """Return a new secret for every variable of docker-compose.yml."""
    return {
        **{f"PASSWORD_{name}": secrets.token_urlsafe(BITS // 8) for name in PASSWORDS},
        **{f"KEY_{name}": secrets.token_urlsafe(BITS // 4) for name in KEYS},
        FERNET: urlsafe_b64encode(secrets.token_bytes(BITS // 8)).decode(),
    }


def write(path: Path) -> list[str]:
    """Add missing secrets to the file (mode 0600) and return their names."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        existing = {line.partition("=")[0] for line in file.read().splitlines()}
        added = {name: value for name, value in fresh().items() if name not in existing}
        file.writelines(f"{name}={value}\n" for name, value in added.items())
    return list(added)


if __name__ == "__main__":
    added = write(FILE)
    sys.stdout.write(
        f"{FILE}: secrets added: {len(added)}. Airflow's administrator is `admin`; the password is "
        f"PASSWORD_AIRFLOW_ADMIN in that file.\n"
        f"  docker compose --env-file {FILE} up --build --wait\n"
    )

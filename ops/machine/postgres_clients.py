"""How our programs sign in to our Postgres.

Any user of the machine can listen on the server's port while the server is down. So clients prove
that they know the password, and let the server prove it too, but never send it.
"""

from urllib.parse import urlencode

from ops.settings import HOST

AUTHENTICATION = "scram-sha-256"
AUTHENTICATED = {"require_auth": AUTHENTICATION}  # as options of libpq
AUTHENTICATED_VARIABLE = {"PGREQUIREAUTH": AUTHENTICATION}


def url(login: str, port: int, database: str, driver: str = "psycopg2") -> str:
    """Return the URL for SQLAlchemy.

    `login` is `user:password`, which need no escaping. The driver has to use libpq, which knows our
    option; asyncpg has none like it.
    """
    return f"postgresql+{driver}://{login}@{HOST}:{port}/{database}?{urlencode(AUTHENTICATED)}"

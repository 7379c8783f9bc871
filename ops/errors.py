"""Errors of running the platform on one machine.

OpsError
  x PortTakenError     another process uses a port that the settings fix
  x WrongServerError   another Postgres answers on our port
  x NotHealthyError    a program did not become healthy in time
  x NotRunningError    the command needs the platform, which is down
  x RunFailedError     a DAG run failed
"""


class OpsError(Exception):
    """Base class. The message ends with the next step."""


class PortTakenError(OpsError):
    """Another process uses a port that the settings fix."""


class WrongServerError(OpsError):
    """Another Postgres server answers on our port."""


class NotHealthyError(OpsError):
    """A program ended or did not become healthy in time."""


class NotRunningError(OpsError):
    """The platform is down."""


class RunFailedError(OpsError):
    """A DAG run failed. The message contains the failed task's last log lines."""

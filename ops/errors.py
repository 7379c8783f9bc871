"""What can go wrong while the platform is run on one machine.

OpsError
  x PortTakenError     a port that was asked for belongs to somebody else
  x WrongServerError   another Postgres answers on our port
  x NotHealthyError    a program did not become healthy in time
  x NotRunningError    the platform is down, and the command needs it up
  x RunFailedError     a DAG run failed
"""


class OpsError(Exception):
    """Base class of what a person is told. The message ends with the next step."""


class PortTakenError(OpsError):
    """A port that was asked for belongs to another process."""


class WrongServerError(OpsError):
    """Another Postgres server answers where ours should."""


class NotHealthyError(OpsError):
    """A program did not become healthy in time, or ended."""


class NotRunningError(OpsError):
    """The platform is down."""


class RunFailedError(OpsError):
    """A DAG run failed. The message holds the failed task's last lines."""

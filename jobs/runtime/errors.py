"""Errors of jobs. Each message names the data set, what happened, and the next step."""


class JobError(Exception):
    """Base class of the errors that jobs raise."""


class NothingSentError(JobError):
    """The source has none of the files that the manifest names. Send them."""


class EmptyFileError(JobError):
    """A file has no row. Send it again, or remove it."""


class HeaderError(JobError):
    """A file's columns are not those that the manifest names. Correct the file or the manifest."""


class UnreadableFileError(JobError):
    """A file cannot be read as its manifest says. Correct the manifest, or send it again."""


class UnreachableError(JobError):
    """The publisher does not answer. Try again, or put the archive into the inbox."""


class BrokerError(JobError):
    """Kafka does not answer, refuses, or has no such topic. Correct the manifest or settings."""


class MessagesLostError(JobError):
    """Kafka deleted messages that were not read. Keep them longer, or go on without them."""


class ChecksumError(JobError):
    """The archive's digest is not the manifest's; nothing was kept. Download it again."""


class ArchiveError(JobError):
    """The archive is damaged, or has a link or an encrypted member. Pack the files again."""


class BudgetError(JobError):
    """The source sent more bytes than the manifest's `max_mb` allows. Raise it if they are data."""


class QuarantineError(JobError):
    """More rows failed a check than the manifest allows. Correct the file or the manifest."""


class UnknownItemsError(JobError):
    """The catalogue has no item with events. Correct the ids, or send the files of items."""


class WithoutTimesError(JobError):
    """The events have no times, so they cannot be cut at one. Set `time` in the manifest."""


class TaskMissingError(JobError):
    """A task of a retrain runs before one that it depends on. Run the earlier task first."""


class NothingChosenError(JobError):
    """`fit` or `publish` runs although the gate lets nothing be published."""


class NotApprovedError(JobError):
    """`publish` runs without the approval by another account that the manifest requires."""


class NotRebuiltError(JobError):
    """A fit that was repeated from its recorded inputs gives other lists than those kept."""


class AirflowCleaningError(JobError):
    """`airflow db clean` failed. Run it by hand, and read its message."""


class NotCheckedError(JobError):
    """`alert` cannot check a data set, as Postgres does not answer or has an older schema."""

"""What can go wrong in a job; each message says which data set, what was seen, what to do next.

JobError
  x NothingSentError   the source holds none of the files that the manifest names
  x EmptyFileError     a file holds no row
  x HeaderError        a file's columns are not those that the manifest names
  x UnreachableError   the publisher does not answer
  x ChecksumError      the archive's digest is not the one in the manifest
  x ArchiveError       the archive is cut short, corrupt, or holds what it must not
  x BudgetError        more bytes than the manifest allows
  x QuarantineError    more rows were refused than the manifest allows
  x NotFrozenError     a retrain's task runs before `freeze`
  x NotNominatedError  a retrain's task runs before `nominate`
  x NotSearchedError   a retrain's task runs before `search`
  x NotDecidedError    `fit` or `publish` runs before `decide`, or after a `hold`
  x NotFittedError     `publish` runs before `fit`
  x NotRebuiltError    a fit made again gives other lists
"""


class JobError(Exception):
    """Base class of every error that a job raises itself."""


class NothingSentError(JobError):
    """The source holds none of the files that the manifest names. Send them."""


class EmptyFileError(JobError):
    """A file holds no row. Send it again, or take it away."""


class HeaderError(JobError):
    """A file's columns are not those that the manifest names. Correct one of the two."""


class UnreachableError(JobError):
    """The publisher does not answer. Try again, or hand the archive over."""


class ChecksumError(JobError):
    """The archive is not the one that the manifest pins. Nothing of it was kept."""


class ArchiveError(JobError):
    """The archive is cut short, corrupt, or holds a link or a locked file. Nothing was kept."""


class BudgetError(JobError):
    """The source sent more bytes than the manifest's `max_mb` allows. Nothing was kept."""


class QuarantineError(JobError):
    """More rows were refused than the manifest's floor allows. Silver is as it was."""


class NotFrozenError(JobError):
    """`freeze` has not run in this retrain. Run it first."""


class NotNominatedError(JobError):
    """`nominate` has not run in this retrain. Run it first."""


class NotSearchedError(JobError):
    """`search` has not run in this retrain. Run it first; with no budget it takes a second."""


class NotDecidedError(JobError):
    """`decide` has not run in this retrain, or released nothing. Run it first."""


class NotFittedError(JobError):
    """`fit` has not run in this retrain. Run it first."""


class NotRebuiltError(JobError):
    """A fit made again from its ledger gives other lists than those that were kept."""

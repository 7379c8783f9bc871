"""Keep a frame that is used several times."""

from pyspark.sql import DataFrame


def settled(frame: DataFrame) -> DataFrame:
    """Return the frame with its rows computed once, and without the plan that made them.

    On a cluster the session has a folder for checkpoints, and the rows outlive the executors that
    computed them. Otherwise they are in the memory and on the disk of this machine's executor.
    """
    if frame.sparkSession.sparkContext.getCheckpointDir() is None:
        return frame.localCheckpoint()
    return frame.checkpoint()

"""On which processors the threads of a process may run."""

import os


def use_single_cpu() -> None:
    """Keep the thread that calls, and those that it begins, to the last processor that it may use.

    Threads that take turns lose time where each wakes up on another processor than the one before.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

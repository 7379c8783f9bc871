"""CPU affinity of the process."""

import os


def use_single_cpu() -> None:
    """Restrict the calling thread, and those that it starts, to the last CPU it may use.

    Threads that take turns under the GIL lose time if each wakes up on another CPU.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

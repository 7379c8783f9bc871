import time

import numpy as np
import pytest

from jobs.engine.judging import intervals


def test_the_bootstrap_is_seeded_and_covers_the_mean() -> None:
    differences = np.random.default_rng(0).normal(0.1, 1, 500)
    error = differences.std() / np.sqrt(500)

    interval = intervals.paired(differences, seed=7)

    assert interval == intervals.paired(differences, seed=7)
    assert interval != intervals.paired(differences, seed=8)
    assert interval.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.02)
    assert interval.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.02)


def test_the_bootstrap_of_many_users_takes_seconds() -> None:
    many = np.random.default_rng(0).normal(0.01, 0.3, 200_000)
    start = time.process_time()  # of this process only: the machine may be busy

    intervals.paired(many)

    assert time.process_time() - start < 5


def test_the_bootstrap_needs_a_user() -> None:
    with pytest.raises(ValueError, match="no user"):
        intervals.paired(np.empty(0))

"""The log store of lakes in S3: a version is committed once, by whichever driver was first."""

from collections.abc import Iterator

import pytest

from jobs.cluster import s3
from tests.support.scale import log_stores
from tests.support.scale.log_stores import Write
from tests.support.scale.s3_server import S3Server

N_VERSIONS = 40


@pytest.fixture(scope="module")
def writes(s3_server: S3Server) -> Iterator[list[Write]]:
    """Two drivers' log stores."""
    with log_stores.in_a_jvm_each(2, s3.LOG_STORE, s3_server.variables) as writes:
        yield writes


@pytest.mark.scale
def test_no_version_is_acknowledged_to_two_drivers(
    s3_server: S3Server, writes: list[Write]
) -> None:
    log = f"{s3_server.root}/raced/_delta_log"
    paths = [f"{log}/{version:020d}.json" for version in range(N_VERSIONS)]

    winners = log_stores.race(writes, paths)

    assert [len(of) for of in winners] == [1] * N_VERSIONS
    for version, (winner,) in enumerate(winners):
        stored = (s3_server.folder / "lake/raced/_delta_log" / f"{version:020d}.json").read_text()
        assert f'"{winner}-{version}"' in stored


def test_a_repeated_commit_whose_answer_was_lost_is_no_conflict(
    s3_server: S3Server, writes: list[Write]
) -> None:
    path = f"{s3_server.root}/repeated/_delta_log/{0:020d}.json"
    assert writes[0](path, "first")
    assert writes[0](path, "first")
    assert not writes[1](path, "second")

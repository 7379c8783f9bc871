from dashboards.console.retrain_parts import client

LOG = """::group::Log message source details
/var/airflow/logs/dag_id=a__retrain/run_id=manual__1/task_id=fit/attempt=1.log
Could not read served logs: HTTPConnectionPool(host='localhost', port=8793): Max retries exceeded
::endgroup::
netlib-blas: JNI_OnLoad: dlopen(libblas.so.3) failed: libblas.so.3: cannot open shared object file
WARNING: Using incubator modules: jdk.incubator.vector
INFO fitted als in 68.2 s

\x1b[31mRuntimeError: out of memory\x1b[0m
"""


def test_a_log_has_the_lines_of_the_task_alone() -> None:
    assert client.shortened(LOG.splitlines()) == [
        "INFO fitted als in 68.2 s",
        "RuntimeError: out of memory",
    ]

from jobs.cluster import s3

KEYS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
CLIENT = "spark.hadoop.fs.s3a"


def test_a_lake_on_a_disk_needs_no_setting() -> None:
    assert s3.spark_settings("/lake", KEYS) == {}


def test_spark_commits_with_our_log_store_and_executors_get_the_keys() -> None:
    assert s3.spark_settings("s3a://lake", KEYS) == {
        "spark.delta.logStore.s3a.impl": s3.LOG_STORE,
        "spark.executorEnv.AWS_ACCESS_KEY_ID": "id",
        "spark.executorEnv.AWS_SECRET_ACCESS_KEY": "secret",
    }


def test_a_server_of_another_provider_is_reached_at_its_address_with_buckets_in_the_path() -> None:
    settings = s3.spark_settings("s3a://lake", {"AWS_ENDPOINT_URL": "http://127.0.0.1:7070"})
    assert settings[f"{CLIENT}.endpoint"] == "http://127.0.0.1:7070"
    assert settings[f"{CLIENT}.endpoint.region"] == "us-east-1"
    assert settings[f"{CLIENT}.path.style.access"] == "true"
    assert settings[f"{CLIENT}.connection.ssl.enabled"] == "false"


def test_region_and_host_names_are_those_that_delta_rs_reads() -> None:
    settings = s3.spark_settings(
        "s3a://lake",
        {
            "AWS_ENDPOINT_URL": "https://s3.example.org",
            "AWS_DEFAULT_REGION": "eu-1",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        },
    )
    assert settings[f"{CLIENT}.endpoint.region"] == "eu-1"
    assert settings[f"{CLIENT}.path.style.access"] == "false"
    assert settings[f"{CLIENT}.connection.ssl.enabled"] == "true"
    assert s3.spark_settings("s3a://lake", {"AWS_REGION": "eu-1"})[f"{CLIENT}.endpoint.region"]

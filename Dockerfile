# One image for every service of docker-compose.yml: Airflow, Spark, the API and the app.
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && mkdir -p /usr/share/man/man1 \
 && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps \
 && rm -rf /var/lib/apt/lists/*

ENV VIRTUAL_ENV=/opt/venv \
    PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1
WORKDIR /app

# Locked packages, checked against their hashes.
COPY requirements.lock ./
RUN python -m venv "$VIRTUAL_ENV" \
 && pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.lock

# The jars of Delta and those for a lake in S3, checked against their digests.
COPY edge/__init__.py edge/loopback.py edge/
COPY ops/__init__.py ops/
COPY ops/setup ops/setup
RUN python -m ops.setup.jars && python -m ops.setup.object_store && rm -rf var

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
 && python -m compileall -q airflow_api dags dashboards edge faults jobs monitoring ops ranking serving warehouse

# On a cluster the executors connect to the driver, so it must not bind to loopback. The secret of
# Spark's authentication is the variable _SPARK_AUTH_SECRET. It wins over the setting, without which
# a driver does not start.
RUN mkdir conf/spark-cluster \
 && cp conf/spark/log4j2.properties conf/spark-cluster/ \
 && grep -Ev '^spark\.driver\.(host|bindAddress)' conf/spark/spark-defaults.conf \
      > conf/spark-cluster/spark-defaults.conf \
 && echo 'spark.executor.memory 3g' >> conf/spark-cluster/spark-defaults.conf \
 && echo 'spark.authenticate.secret is-in-the-environment' >> conf/spark-cluster/spark-defaults.conf

# A new volume takes the owner of the folder where it is mounted.
RUN useradd --uid 10001 --create-home lantern \
 && install --directory --owner lantern --mode 0700 \
      /airflow /airflow/logs /inbox /lake /var/lantern /var/lantern/queries /var/lantern/secrets
ENV AIRFLOW_HOME=/airflow \
    LAKE_INBOX=/inbox \
    LAKE_ROOT=/lake \
    OPS_VAR=/var/lantern \
    PYSPARK_PYTHON=/opt/venv/bin/python \
    PYTHONDONTWRITEBYTECODE=1 \
    SPARK_CONF_DIR=/app/conf/spark-cluster
USER lantern

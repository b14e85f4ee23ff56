# Images of one file: `job` runs fink_tracklets and Spark; `kubernetes` is what Spark starts there;
# `serve` the tracklet service; `services` HDFS, HBase and Kafka, from the same lists of jars and by the
# same script as the tests. What our code changes comes last: a change of it installs no package again.

FROM maven:3.9.9-eclipse-temurin-17 AS jars
COPY services/pom.xml services/kafka.xml /services/
COPY fink_tracklets/spark/kafka.xml /connector/
RUN for one in services/pom:jars services/kafka:kafka-jars connector/kafka:connector-jars; do \
    mvn -q -B -ntp -f /${one%:*}.xml dependency:copy-dependencies -DoutputDirectory=/${one#*:} \
    || exit 1; done

# What the package needs when it runs, without what its tests need.
FROM python:3.12.8-slim-bookworm AS needed
COPY pyproject.toml ./
RUN python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print(*project['dependencies'], *project['optional-dependencies']['plot'], \
    *project['optional-dependencies']['stream'], sep='\n')" > /needed.txt

FROM python:3.12.8-slim-bookworm AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/fink_tracklets
COPY requirements.txt ./
COPY --from=needed /needed.txt ./
RUN pip install --no-cache-dir --constraint requirements.txt setuptools \
    && pip install --no-cache-dir --no-build-isolation --constraint requirements.txt \
        --requirement needed.txt \
    && useradd --create-home fink && mkdir /data /work /state && chown fink /data /work /state
ENV SPARK_HOME=/usr/local/lib/python3.12/site-packages/pyspark \
    PYSPARK_PYTHON=python3 \
    FINK_TRACKLETS_CONF=/etc/fink_tracklets

# With a compiler, for the finder's kernel.
FROM base AS wheel
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && pip install --no-cache-dir --constraint requirements.txt hatchling
COPY pyproject.toml README.md LICENSE build_kernel.py ./
COPY conf conf
COPY fink_tracklets fink_tracklets
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM base AS job
COPY --from=jars /connector-jars /opt/connector-jars
ENV SPARK_KAFKA_JARS=/opt/connector-jars
COPY docker/conf /etc/fink_tracklets
COPY jobs jobs
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl
USER fink
ENTRYPOINT ["fink-tracklets"]
CMD ["--help"]

FROM job AS serve
ENTRYPOINT ["fink-tracklets", "serve", "--host", "0.0.0.0"]
EXPOSE 8000

FROM job AS kubernetes
COPY docker/kubernetes.sh /usr/local/bin/
ENTRYPOINT ["kubernetes.sh"]

FROM base AS services
COPY --from=jars /jars /opt/jars
COPY --from=jars /kafka-jars /opt/kafka-jars
COPY services services
COPY fink_tracklets fink_tracklets
ENV SERVICES_JARS=/opt/jars \
    KAFKA_JARS=/opt/kafka-jars
USER fink
VOLUME /data
ENTRYPOINT ["python3", "services/services.py", "serve"]

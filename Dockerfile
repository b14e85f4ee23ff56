# Images of one file: `job` runs fink_tracklets and Spark; `kubernetes` is what Spark starts there;
# `serve` the tracklet service; `services` HDFS and HBase, from the same list of jars and by the same
# script as the tests. What our code changes comes last: a change of it installs no package again.

FROM maven:3.9.9-eclipse-temurin-17 AS jars
COPY services/pom.xml /services/
RUN mvn -q -B -ntp -f /services/pom.xml dependency:copy-dependencies -DoutputDirectory=/jars

# What the package needs when it runs, without what its tests need.
FROM python:3.12.8-slim-bookworm AS needed
COPY pyproject.toml ./
RUN python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print(*project['dependencies'], *project['optional-dependencies']['plot'], sep='\n')" > /needed.txt

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
    && useradd --create-home fink && mkdir /data /work && chown fink /data /work
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
COPY services services
COPY fink_tracklets fink_tracklets
ENV SERVICES_JARS=/opt/jars
USER fink
VOLUME /data
ENTRYPOINT ["python3", "services/services.py", "serve"]

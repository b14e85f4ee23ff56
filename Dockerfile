# Images of one file: `job` runs fink_tracklets and Spark; `serve` the tracklet service; `services`
# HDFS, HBase and Kafka, from the same lists of jars and by the same script as the tests.

FROM maven:3.9.9-eclipse-temurin-17 AS jars
COPY services/pom.xml services/kafka.xml /services/
COPY fink_tracklets/spark/kafka.xml /connector/
RUN for one in services/pom:jars services/kafka:kafka-jars connector/kafka:connector-jars; do \
    mvn -q -B -ntp -f /${one%:*}.xml dependency:copy-dependencies -DoutputDirectory=/${one#*:} \
    || exit 1; done

FROM python:3.12.8-slim-bookworm AS job
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/fink_tracklets
COPY requirements.txt ./
RUN pip install --no-cache-dir --no-deps -r requirements.txt
COPY pyproject.toml README.md LICENSE build_kernel.py ./
COPY fink_tracklets fink_tracklets
COPY conf conf
COPY jobs jobs
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && useradd --create-home fink
ENV SPARK_HOME=/usr/local/lib/python3.12/site-packages/pyspark \
    PYSPARK_PYTHON=python3 \
    FINK_TRACKLETS_CONF=/etc/fink_tracklets
COPY --from=jars /connector-jars /opt/connector-jars
ENV SPARK_KAFKA_JARS=/opt/connector-jars
COPY docker/conf /etc/fink_tracklets
RUN mkdir /state && chown fink /state
VOLUME /state
USER fink
ENTRYPOINT ["fink-tracklets"]
CMD ["--help"]

FROM job AS serve
ENTRYPOINT ["fink-tracklets", "serve", "--host", "0.0.0.0"]
EXPOSE 8000

FROM job AS services
USER root
COPY --from=jars /jars /opt/jars
COPY --from=jars /kafka-jars /opt/kafka-jars
COPY services services
RUN mkdir /data && chown fink /data
ENV SERVICES_JARS=/opt/jars \
    KAFKA_JARS=/opt/kafka-jars
USER fink
VOLUME /data
ENTRYPOINT ["python3", "services/services.py", "serve"]

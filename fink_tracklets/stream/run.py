"""The stream of a night: from its source to its sinks, through deaths of what it leans on."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from fink_tracklets.errors import UserError
from fink_tracklets.naming import dated_paths, parse_night
from fink_tracklets.progress import Progress
from fink_tracklets.spark.jars import connector_jars
from fink_tracklets.spark.session import spark_session, under_spark_submit
from fink_tracklets.store.commit import check_night, check_writable
from fink_tracklets.store.folder import LocalFolder
from fink_tracklets.store.lock import night_locked
from fink_tracklets.store.open import local_path
from fink_tracklets.stream.changes import Change
from fink_tracklets.stream.failures import first_line, is_passing, sentence_of
from fink_tracklets.stream.metrics import lag, write_metrics
from fink_tracklets.stream.online import OnlineFolder
from fink_tracklets.stream.settings import StreamSettings
from fink_tracklets.stream.source import Lake, Topic
from fink_tracklets.stream.state import StreamState, open_state
from fink_tracklets.stream.work import Sink, Work
from fink_tracklets.survey import Survey

TICK_S = 0.3
"""How often the main thread looks after what waits."""
FAILURES = (PySparkException, Py4JError, BrokenProcessPool, ConnectionError, UserError)
"""What a night's stream may meet; anything else is a bug."""
LONGEST_WAIT_S = 5.0
"""Between two attempts."""


@dataclass(frozen=True)
class Job:
    """What `fink-tracklets stream` is asked for."""

    night: str
    survey: Survey
    source: Topic | Lake
    state: str
    """Folder of the night's state; may hold {Y}, {m} and {d}."""
    store: str | None = None
    """A store whose folder `online` gets the names."""
    out_topic: str | None = None
    """A topic that gets them."""
    bootstrap: str | None = None
    """HOST:PORT of a broker of that topic."""
    trigger_s: float = 1.0
    """A batch begins at most so often [s]."""
    until: datetime | None = None
    """UTC; None: until it is stopped."""
    once: bool = False
    """What is there, then end."""
    prometheus: str | None = None
    """A textfile for Prometheus."""
    spark_log: Path | None = None


@dataclass(frozen=True)
class Streamed:
    """What was done from a start to its end."""

    messages: int
    candidates: int
    dead: int
    """Messages that could not be read, which are in the state folder."""
    new: int
    renamed: int
    withdrawn: int
    named: int
    """Alerts that have a provisional name at the end."""


def run_stream(
    job: Job,
    settings: StreamSettings,
    progress: Progress | None = None,
    watch: Callable[[list[Change]], None] = lambda changes: None,
    stopped: Callable[[Mapping[str, int]], bool] = lambda counts: False,
) -> Streamed:
    """Name a night's tracklets while it runs.

    Parameters
    ----------
    watch : is called with the changes of each batch, when they are told
    stopped : whether to end when what waits is searched, asked several times a second with the
        counts of messages, candidates, dead letters and batches so far

    Raises
    ------
    UserError : a topic, folder or state that does not fit
    ServiceError : Kafka or a disk that failed for too long; started again, the stream goes on
    """
    parse_night(job.night)
    progress = progress or Progress(quiet=True)
    path = _state_path(job)
    _check_ends(job, settings)
    jars = ""
    if isinstance(job.source, Topic) and not under_spark_submit():
        jars = connector_jars()
    with progress.step("starting Spark"):
        spark = spark_session(job.spark_log, jars, settings.spark)
    packets = isinstance(job.source, Topic) or job.out_topic is not None
    state = open_state(path, job.night, job.survey, str(job.source), packets)
    night = _Night(job, settings, spark, state, progress, watch, stopped)
    with night_locked(LocalFolder(path), job.night):
        while True:
            try:
                if night.await_alerts():
                    night.follow()
                return night.streamed()
            except FAILURES as error:
                ill_s = time.monotonic() - night.well_at
                if not is_passing(error) or ill_s > settings.patience_s:
                    raise sentence_of(error, path, job.source) from error
                progress.say(f"Interrupted ({first_line(error)}): going on.")
            night.counts["interruptions"] += 1
            night.pause(min(0.5 + ill_s / 4, LONGEST_WAIT_S))
            if night.is_at_end():
                return night.streamed()


def _state_path(job: Job) -> Path:
    path = local_path(dated_paths(job.state, job.night)[0])
    if path is None:
        raise UserError(f"--state {job.state} must be a folder of the driver's own machine.")
    return path


def _check_ends(job: Job, settings: StreamSettings) -> None:
    """Topics and store are there, before Spark is started for them."""
    topics = []
    if isinstance(job.source, Topic):
        topics.append((job.source.bootstrap, job.source.name))
    if job.out_topic is not None:
        if job.bootstrap is None:
            raise UserError("--out-topic needs --bootstrap HOST:PORT, a broker of its Kafka.")
        topics.append((job.bootstrap, job.out_topic))
    for bootstrap, topic in topics:
        from fink_tracklets.stream.topic import topic_partitions

        topic_partitions(bootstrap, topic, settings.writer, settings.answer_s)
    if job.store is None and job.out_topic is None:
        raise UserError("Names must go somewhere: give --out-topic, --store or both.")
    if job.store is not None and local_path(job.store) is not None:
        check_night(check_writable(job.store), job.night, job.survey.name)


class _Night:
    """A night's stream, which may need more than one query."""

    def __init__(
        self,
        job: Job,
        settings: StreamSettings,
        spark: SparkSession,
        state: StreamState,
        progress: Progress,
        watch: Callable[[list[Change]], None],
        stopped: Callable[[Mapping[str, int]], bool],
    ) -> None:
        self.job, self.settings, self.spark, self.state = job, settings, spark, state
        self.progress, self.watch, self.stopped = progress, watch, stopped
        self.counts: Counter[str] = Counter()
        """See `Work`; and interruptions."""
        self.named = 0
        self.well_at = time.monotonic()
        """When the source was last seen to answer, by the monotonic clock [s]."""
        self._report = ""

    def await_alerts(self) -> bool:
        """Wait for the first file of a lake; whether there is one."""
        lake, said = self.job.source, False
        while isinstance(lake, Lake) and not lake.is_there(self.spark, self.job.night):
            if self.job.once or self.is_at_end():
                return False
            if not said:
                self.progress.say(f"Waiting for the first file in {lake.path}.")
            said = True
            self.pause(1.0)
        return True

    def follow(self) -> None:
        """Run a query to the end of the work, or to what interrupts it."""
        job = self.job
        work = Work(
            state=self.state,
            source=job.source,
            survey=job.survey,
            sinks=self._sinks(),
            settings=self.settings,
            counts=self.counts,
            watch=self.watch,
            say=self.progress.say,
        )
        frame = job.source.open(self.spark, job.night, self.settings)
        writer = frame.writeStream.foreachBatch(work.batch)
        writer = writer.option("checkpointLocation", str(self.state.path / "checkpoint"))
        if job.once:
            writer = writer.trigger(availableNow=True)
        else:
            writer = writer.trigger(processingTime=f"{job.trigger_s} seconds")
        query = writer.start()
        try:
            while not query.awaitTermination(TICK_S):  # type: ignore[arg-type]
                work.idle()
                self._look(work, query)
                if self.is_at_end():
                    break
        except (PySparkException, Py4JError) as error:
            raise (work.error or error) from error  # what Python raised says more
        finally:
            work.stop()
            query.stop()
            work.search.close()
        work.finish()
        self._look(work, query)
        self.named = work.named()

    def streamed(self) -> Streamed:
        """What was done."""
        told = {name: self.counts[name] for name in Streamed.__dataclass_fields__}
        return Streamed(**{**told, "named": self.named})

    def pause(self, seconds: float) -> None:
        """Wait, unless it is to end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.is_at_end():
            time.sleep(0.05)

    def is_at_end(self) -> bool:
        """Whether it is to end now."""
        until = self.job.until
        return self.stopped(self.counts) or (until is not None and datetime.now(UTC) >= until)

    def _sinks(self) -> list[Sink]:
        job, sinks = self.job, list[Sink]()
        if job.out_topic is not None and job.bootstrap is not None:
            from fink_tracklets.stream.topic import OutTopic

            sinks.append(
                OutTopic(
                    bootstrap=job.bootstrap,
                    topic=job.out_topic,
                    night=job.night,
                    settings=self.settings.writer,
                    answer_s=self.settings.answer_s,
                )
            )
        if job.store is not None:
            folder = check_writable(job.store, self.spark)
            check_night(folder, job.night, job.survey.name)
            sinks.append(OnlineFolder(folder, job.night, job.survey))
        return sinks

    def _look(self, work: Work, query: StreamingQuery) -> None:
        """Spark reports each batch, and every ten seconds that there is none: then all is well."""
        last = query.lastProgress
        report = "" if last is None else last.json
        if report != self._report:
            self.well_at, self._report = time.monotonic(), report
        job = self.job
        if job.prometheus is None:
            return
        gauges = {
            "lag_messages": lag(json.loads(report)) if report else 0,
            "batch_seconds": work.batch_s,
            "waiting_exposures": work.search.waiting,
            "named_alerts": work.named(),
        }
        write_metrics(job.prometheus, job.night, job.survey.name, self.counts, gauges)

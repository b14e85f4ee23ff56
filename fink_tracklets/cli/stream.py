"""The command `stream`."""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    from fink_tracklets.stream.changes import Change
    from fink_tracklets.stream.run import Job
    from fink_tracklets.stream.settings import StreamSettings
    from fink_tracklets.survey import Survey

MORE = """\
Alerts come from a Kafka topic (--topic, --bootstrap) or from a folder of Parquet that grows
(--lake). Provisional names go to a Kafka topic that clients read (--out-topic), into the folder
`online` of a store (--store), or both: a message or row for each alert whose name is new or
changed. The night's `run` is final. Killed at any moment, the same line goes on: nothing is lost,
nothing told twice. What cannot be read is kept in the state folder's `dead`. conf/stream.toml has
the settings."""


def add(commands: common.Commands) -> None:
    """`stream` and its options."""
    command = common.add_command(
        commands,
        "stream",
        stream,
        "name tracklets while the night runs",
        "fink-tracklets stream --night 20210604 --topic ztf_20210604_programid1 \\\n"
        "      --bootstrap kafka:9092 --out-topic fink_tracklet_ztf --state state/20210604\n"
        "  fink-tracklets stream --night 20210604 --lake /lake/online/{Y}{m}{d} "
        "--store /data/tracklets \\\n      --state state/{Y}{m}{d} --until 14:00",
        MORE,
    )
    command.add_argument("--night", metavar="YYYYMMDD", help="the night's name")
    source = command.add_argument_group("where alerts come from")
    source.add_argument("--topic", metavar="T", help="Kafka topic of packets, ZTF's or Rubin's")
    source.add_argument(
        "--bootstrap", metavar="HOST:PORT", help="a broker of the Kafka of --topic and --out-topic"
    )
    source.add_argument(
        "--starting",
        choices=["earliest", "latest"],
        default="earliest",
        help="where in the topic a new night begins (default: %(default)s)",
    )
    source.add_argument(
        "--schemas",
        default="",
        metavar="DIR|URL",
        help="Avro schemas of framed messages (Rubin), in folders MAJOR/MINOR; or http://HOST:PORT "
        "of a schema registry",
    )
    source.add_argument(
        "--lake",
        metavar="DIR",
        help="folder of Parquet in place of --topic; {Y}, {m}, {d} stand for the night's date",
    )
    out = command.add_argument_group("where names go")
    common.add_out_topic(out, "Kafka topic for clients")
    out.add_argument("--store", metavar="DIR", help="store whose folder `online` gets them")
    command.add_argument(
        "--state",
        metavar="DIR",
        help="folder of this night's state, one for each night; {Y}, {m}, {d} as in --lake",
    )
    command.add_argument(
        "--trigger",
        type=float,
        default=1.0,
        metavar="S",
        help="a batch begins at most every S seconds (default: %(default)s)",
    )
    command.add_argument(
        "--until", metavar="HH:MM", help="end at this time, UTC, the next one; or YYYY-MM-DDThh:mm"
    )
    command.add_argument("--once", action="store_true", help="what is there now, then end")
    command.add_argument(
        "--prometheus", metavar="FILE.prom", help="figures for Prometheus' textfile collector"
    )
    common.add_survey(command)
    common.add_talk(command)
    demo = command.add_argument_group("to see what it does")
    demo.add_argument(
        "--demo",
        action="store_true",
        help="replay a simulated night into a Kafka of its own, all of it in --state (default: "
        "stream-demo)",
    )
    demo.add_argument(
        "--speed",
        type=float,
        default=200.0,
        metavar="N",
        help="of the demo, times the night's own (default: %(default)s)",
    )


def stream(options: argparse.Namespace) -> None:
    """Provisional names, until it is to end."""
    from fink_tracklets.progress import Progress
    from fink_tracklets.stream.run import run_stream
    from fink_tracklets.stream.settings import load_stream
    from fink_tracklets.survey import load_survey

    watch = (lambda changes: None) if options.quiet else tell
    if options.demo:
        from fink_tracklets.cli.stream_demo import demo

        if not options.speed > 0:
            raise UserError(f"--speed must be above 0, not {options.speed}.")
        demo(Path(options.state or "stream-demo"), options.speed, options.quiet, watch)
        return
    settings, survey = load_stream(), load_survey(options.survey)
    job = _job(options, survey, settings)
    ends = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ends.set())
    done = run_stream(job, settings, Progress(options.quiet), watch, lambda _: ends.is_set())
    if not options.quiet:
        print(
            f"Night {job.night}: {done.messages:,} alerts read, {done.candidates:,} candidates, "
            f"{done.named:,} alerts named ({done.new:,} new, {done.renamed:,} renamed, "
            f"{done.withdrawn:,} withdrawn)."
        )
        if done.dead:
            print(f"Messages that could not be read: {done.dead:,}, kept in {job.state}/dead.")


def tell(changes: list[Change]) -> None:
    """A line for each tracklet that has changed."""
    from collections import Counter

    clock = datetime.now(UTC).strftime("%H:%M:%S")
    for (name, kind), n in sorted(
        Counter((one.tracklet or one.before or "", one.kind) for one in changes).items()
    ):
        print(f"{clock} {name} {n:3d} alerts {kind}", flush=True)


def _job(options: argparse.Namespace, survey: Survey, settings: StreamSettings) -> Job:
    from fink_tracklets.ingest.registry import is_registry
    from fink_tracklets.stream.run import Job
    from fink_tracklets.stream.source import Lake, Topic

    for name in ("night", "state"):
        if getattr(options, name) is None:
            raise UserError(
                f"--{name} is missing: `fink-tracklets stream --help` tells what it is."
            )
    if (options.topic is None) == (options.lake is None):
        raise UserError("Give either --topic T with --bootstrap HOST:PORT, or --lake DIR.")
    if options.topic is not None and options.bootstrap is None:
        raise UserError("--topic needs --bootstrap HOST:PORT, a broker of its Kafka.")
    if not 0 <= options.trigger < 3600:
        raise UserError(f"--trigger must be seconds from 0 on, not {options.trigger}.")
    source: Topic | Lake
    if options.topic is not None:
        schemas = options.schemas
        if schemas and not is_registry(schemas) and not Path(schemas).is_dir():
            raise UserError(f"--schemas {schemas}: there is no such folder of schemas.")
        source = Topic(options.topic, options.bootstrap, options.schemas, options.starting)
    else:
        source = Lake(options.lake)
    asked = options.out_topic
    return Job(
        night=options.night,
        survey=survey,
        source=source,
        state=options.state,
        store=options.store,
        out_topic=None if asked is None else settings.topic_of(survey.name, asked),
        bootstrap=options.bootstrap,
        trigger_s=options.trigger,
        until=None if options.until is None else moment(options.until, datetime.now(UTC)),
        once=options.once,
        prometheus=options.prometheus,
        spark_log=options.spark_log,
    )


def moment(text: str, now: datetime) -> datetime:
    """A time of UTC: hh:mm is the next one, else YYYY-MM-DDThh:mm."""
    try:
        if "T" in text:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        clock = datetime.strptime(text, "%H:%M")
    except ValueError as error:
        raise UserError(
            f"--until {text} is no time: write HH:MM or YYYY-MM-DDThh:mm, UTC."
        ) from error
    at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)

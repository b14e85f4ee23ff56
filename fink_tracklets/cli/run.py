"""The command `run`."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_nights
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    from fink_tracklets.hbase.settings import HBaseSettings
    from fink_tracklets.progress import Progress
    from fink_tracklets.store.night import StoredNight
    from fink_tracklets.survey import Survey

SHOWN = 10
"""Tracklets that are listed at the end of a run; `show` lists all."""


def add(commands: common.Commands) -> None:
    """`run` and its options."""
    command = common.add_command(
        commands,
        "run",
        run,
        "find the tracklets of a night and store them (the end-of-night job)",
        "fink-tracklets run --night 20210604 --alerts /lake/{Y}/{m}/{d} --store /data/tracklets\n"
        "  fink-tracklets run --nights 20191101..20211231 --alerts /lake/{Y}/{m}/{d} "
        "--store /data/tracklets",
        "With --nights, in one session: nights that the store has by this version, with the same "
        "configuration\nand from the same alerts are skipped, those without alerts are counted. "
        "Killed at any moment, the same\nline goes on.",
    )
    add_nights(command)
    command.add_argument(
        "--again", action="store_true", help="with --nights: run those, too, that would be skipped"
    )
    command.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="with --nights: so many nights at once, where the cluster is larger than a night "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--alerts",
        required=True,
        metavar="PATH",
        help="Parquet file or folder of the night's alerts, anywhere Spark reads; {Y}, {m}, {d} "
        "stand for the night's year, month and day",
    )
    common.add_store(command)
    common.add_survey(command)
    common.add_elements(command, required=False)
    common.add_hbase(command, "publish the night then, too")
    after = command.add_argument_group("after a stream of the night")
    common.add_out_topic(after, "send what the run says otherwise to this Kafka topic, too")
    after.add_argument("--bootstrap", metavar="HOST:PORT", help="with --out-topic: a broker of it")
    after.add_argument(
        "--state",
        metavar="DIR",
        help="with --out-topic: the stream's state folder, as it was given",
    )
    command.add_argument(
        "--json-log", metavar="FILE", help="append the night's report to it, a line of JSON"
    )
    command.add_argument(
        "--prometheus",
        metavar="FILE.prom",
        help="write the night's figures for the textfile collector of Prometheus",
    )
    command.add_argument(
        "--fail-on-unusual",
        action="store_true",
        help="exit code 4 where the night is unlike the 30 before it in the store",
    )
    common.add_talk(command)


def run(options: argparse.Namespace) -> None:
    """The end-of-night job."""
    from fink_tracklets.cli.hbase import publish_stored, reachable
    from fink_tracklets.cli.satellites import complain_of_files, report
    from fink_tracklets.cli.show import night_text
    from fink_tracklets.pipeline.run import run_night
    from fink_tracklets.pipeline.unusual import UnusualNight
    from fink_tracklets.progress import Progress
    from fink_tracklets.survey import load_survey

    progress = Progress(options.quiet)
    survey = load_survey(options.survey)
    settings = None if options.hbase is None else reachable(options.hbase, survey.name, progress)
    if options.out_topic is not None and None in (options.bootstrap, options.state):
        raise UserError(
            "--out-topic needs --bootstrap HOST:PORT and --state DIR, as the stream was given them."
        )
    if options.satcat is not None and not options.elements:
        raise UserError("--satcat needs --elements: give the files of orbital elements, too.")
    if options.jobs < 1:
        raise UserError(f"--jobs {options.jobs}: give at least 1.")
    if options.jobs > 1 and options.nights is None:
        raise UserError(f"--jobs {options.jobs} is for several nights: give --nights, not --night.")
    if options.nights is not None:
        run_span(options, survey, settings, progress)
        return
    begin = time.monotonic()
    stored = run_night(
        options.night,
        options.alerts,
        options.store,
        survey,
        progress=progress,
        spark_log=options.spark_log,
        elements=options.elements or (),
        satcat=options.satcat,
    )
    if not options.quiet:
        print(night_text(stored, SHOWN))
        tell_online(stored)
        if options.elements:
            print(report(stored))
    if options.out_topic is not None:
        correct_topic(options, stored)
    if settings is not None:
        publish_stored(stored, settings, progress)
    unusual = tell(options, stored, time.monotonic() - begin)
    complain_of_files(stored)
    if unusual and options.fail_on_unusual:
        raise UnusualNight(f"The night {stored.night} is stored, and unusual: {unusual}.")


def run_span(
    options: argparse.Namespace,
    survey: Survey,
    settings: HBaseSettings | None,
    progress: Progress,
) -> None:
    """The job for each night of --nights that has alerts and is not yet stored as it would be."""
    from fink_tracklets.cli.hbase import is_published, publish_stored
    from fink_tracklets.cli.nights import for_each
    from fink_tracklets.cli.satellites import complain_of_files
    from fink_tracklets.finder.kernel import missing_kernel
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.pipeline.at_once import at_once
    from fink_tracklets.pipeline.nights import need_dates, plan_nights
    from fink_tracklets.pipeline.run import night_alone, with_nights_before
    from fink_tracklets.pipeline.unusual import UnusualNight
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.errors import clear_errors
    from fink_tracklets.spark.session import session_beside, spark_session
    from fink_tracklets.store.commit import check_night, check_survey, check_writable
    from fink_tracklets.store.lock import night_locked
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path

    span = parse_nights(options.nights)
    need_dates(options.alerts, span)
    if local_path(options.store) is not None:
        check_writable(options.store)
    with progress.step("starting Spark"):
        spark = spark_session(options.spark_log)
    folder = check_writable(options.store, spark)
    check_survey(folder, survey.name)
    with progress.step("looking which nights are there"), clear_errors(options.alerts):
        plan = plan_nights(
            spark, span, options.alerts, folder, survey, options.elements or (), options.satcat
        )
    todo = {*plan.todo, *(plan.stored if options.again else ())}
    stored = [night for night in plan.stored if night not in todo]
    unpublished = [
        night
        for night in stored
        if settings is not None and not is_published(open_night(folder, night), settings)
    ]

    unusual: list[str] = []
    elements = options.elements or ()

    def alone(night: str) -> tuple[StoredNight, float]:
        begin = time.monotonic()
        if night not in todo:
            return open_night(folder, night), 0.0
        session, named = spark, progress
        if options.jobs > 1:
            session, named = session_beside(spark), Progress(options.quiet, night)
        with night_locked(folder, night):
            check_night(folder, night, survey.name)
            done = night_alone(
                session, folder, night, options.alerts, survey, elements, options.satcat, named
            )
        return done, time.monotonic() - begin

    def in_order(night: str) -> None:
        done, seconds = made(night)
        begin = time.monotonic()
        if night in todo:
            with night_locked(folder, night):
                done = with_nights_before(spark, done, elements, progress)
            if not options.quiet:
                print(line(done), flush=True)
                tell_online(done)
            if options.out_topic is not None:
                correct_topic(options, done)
        if settings is not None:
            publish_stored(done, settings, progress)
        if night in todo and tell(options, done, seconds + time.monotonic() - begin):
            unusual.append(night)
        complain_of_files(done)

    if plan.without_alerts:
        progress.say(f"Without alerts: {parse_nights(','.join(plan.without_alerts))}")
    if todo and (sentence := missing_kernel()):
        progress.say(sentence)
    skipped = [night for night in stored if night not in unpublished]
    nights = sorted([*todo, *unpublished])
    with at_once(nights, alone, options.jobs) as made:
        besides = {"stored before": skipped, "without alerts": plan.without_alerts}
        for_each(nights, in_order, progress, besides)
    if unusual and options.fail_on_unusual:
        raise UnusualNight(f"Stored, and unusual: the nights {', '.join(unusual)}.")


def correct_topic(options: argparse.Namespace, stored: StoredNight) -> None:
    """Send to the stream's topic what the run says otherwise."""
    from fink_tracklets.stream.final import publish_final
    from fink_tracklets.stream.settings import load_stream

    settings = load_stream()
    topic = settings.topic_of(stored.manifest.survey, options.out_topic)
    kinds = publish_final(stored, options.bootstrap, topic, options.state, settings)
    if not options.quiet:
        unseen = f"; {kinds['unseen']:,} of alerts that the stream never got" * bool(
            kinds["unseen"]
        )
        print(
            f"Sent to {topic}: {kinds['new']:,} new names, {kinds['renamed']:,} changed, "
            f"{kinds['withdrawn']:,} withdrawn{unseen}."
        )


def tell_online(stored: StoredNight) -> None:
    """Of a night that a stream followed, how many of its names the run changed."""
    from fink_tracklets.store.online import final_changes

    table = stored.table("tracklet_alerts", ["alert_id", "tracklet"])
    final = dict(zip(table["alert_id"].to_pylist(), table["tracklet"].to_pylist(), strict=True))
    kinds = final_changes(stored.folder, stored.night, final)
    if kinds is not None:
        print(
            f"Of {kinds['told']:,} provisional names {kinds['renamed']:,} changed, "
            f"{kinds['withdrawn']:,} withdrawn; {kinds['new']:,} new ones."
        )


def tell(options: argparse.Namespace, stored: StoredNight, seconds: float) -> str:
    """Print and write the night's report; what is unusual, in words."""
    from fink_tracklets.pipeline.unusual import report_night, write_report

    report = report_night(stored.folder, stored.manifest, seconds)
    if not options.quiet:
        print(report.text(), flush=True)
    write_report(report, options.json_log, options.prometheus)
    return "; ".join(map(str, report.unusual))


def line(stored: StoredNight) -> str:
    """A night in one line."""
    manifest = stored.manifest
    return (
        f"Night {stored.night}: {manifest.alerts_read:,} alerts, "
        f"{manifest.rows['candidates']:,} candidates, {manifest.rows['tracklets']:,} tracklets."
    )

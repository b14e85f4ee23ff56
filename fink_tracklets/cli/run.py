"""The command `run`."""

from __future__ import annotations

import argparse

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError


def add(commands: common.Commands) -> None:
    """`run` and its options."""
    command = common.add_command(
        commands,
        "run",
        run,
        "find the tracklets of a night and store them (the end-of-night job)",
        "fink-tracklets run --night 20210604 --alerts /lake/{Y}/{m}/{d} --store /data/tracklets",
    )
    common.add_night(command)
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
    common.add_talk(command)


def run(options: argparse.Namespace) -> None:
    """The end-of-night job."""
    from fink_tracklets.cli.hbase import publish_stored, reachable
    from fink_tracklets.cli.satellites import complain_of_files, report
    from fink_tracklets.cli.show import night_text
    from fink_tracklets.pipeline.run import run_night
    from fink_tracklets.progress import Progress
    from fink_tracklets.survey import load_survey

    progress = Progress(options.quiet)
    survey = load_survey(options.survey)
    settings = None if options.hbase is None else reachable(options.hbase, survey.name, progress)
    if options.satcat is not None and not options.elements:
        raise UserError("--satcat needs --elements: give the files of orbital elements, too.")
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
        print(night_text(stored))
        if options.elements:
            print(report(stored))
    if settings is not None:
        publish_stored(stored, settings, progress)
    complain_of_files(stored)

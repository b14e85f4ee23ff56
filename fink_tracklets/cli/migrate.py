"""The command `migrate`."""

from __future__ import annotations

import argparse

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError

HELP = """\
Says what would be done, and does it with --apply: the tables that older versions did not make and
that the stored candidates tell (short_tracks, summary). Satellites, glints and orbits have commands
of their own. Nights that must be run again are listed, with why. Killed, the same line goes on."""


def add(commands: common.Commands) -> None:
    """`migrate` and its options."""
    command = common.add_command(
        commands,
        "migrate",
        migrate,
        "bring stored nights of older versions to the present tables, without their alerts",
        "fink-tracklets migrate --store /data/tracklets --apply",
        more=HELP,
    )
    common.add_store(command)
    command.add_argument("--apply", action="store_true", help="do it; without, nothing changes")
    common.add_talk(command)


def migrate(options: argparse.Namespace) -> None:
    """All nights of a store."""
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.pipeline.migrate import migrate_night, plan_migration
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.lock import night_locked
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path, open_folder, writable
    from fink_tracklets.tables import VERSION

    progress, spark = Progress(options.quiet), None
    if options.apply and local_path(options.store) is None:
        with progress.step("starting Spark"):
            spark = spark_session(options.spark_log)
    folder = open_folder(options.store, spark)
    steps = plan_migration(folder)
    if not steps:
        raise UserError(f"The store {options.store} has no night.")
    old = [step for step in steps if not step.again and not step.is_present]
    again = [step for step in steps if step.again]
    present = len(steps) - len(old) - len(again)
    print(f"{len(steps):,} nights, of the present tables (version {VERSION}): {present:,}")
    for step in old:
        made = ", ".join(step.made) or "its manifest"
        print(f"  {step.night}  version {step.version}  {made}")
        if options.apply:
            with night_locked(writable(folder), step.night):
                migrate_night(open_night(options.store, step.night, spark))
    for step in again:
        print(f"  {step.night}  must be run again: {step.again}")
    if old:
        nights = parse_nights(",".join(step.night for step in old))
        print(f"Migrated: {nights}." if options.apply else f"With --apply: {nights}.")
    if again:
        nights = parse_nights(",".join(step.night for step in again))
        raise UserError(f"To be run again: --nights {nights}.")

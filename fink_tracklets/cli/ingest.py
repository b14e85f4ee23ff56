"""The command `ingest`."""

from __future__ import annotations

import argparse

from fink_tracklets.cli import options as common


def add(commands: common.Commands) -> None:
    """`ingest` and its options."""
    command = common.add_command(
        commands,
        "ingest",
        ingest,
        "bring an archive of Avro packets into Parquet, for `run`",
        "fink-tracklets ingest ztf_public_20210604.tar.gz --out alerts/20210604",
    )
    command.add_argument(
        "archive",
        metavar="ARCHIVE",
        help=".tar.gz or .tar of packets, folder of them, or one: Avro files or messages",
    )
    command.add_argument("--out", required=True, metavar="DIR", help="gets the Parquet files")
    command.add_argument("--cutouts", action="store_true", help="keep the image stamps, too")
    command.add_argument(
        "--schemas",
        default="",
        metavar="DIR",
        help="Avro schemas of messages that bring none along, in folders MAJOR/MINOR",
    )
    common.add_survey(command)
    common.add_quiet(command)


def ingest(options: argparse.Namespace) -> None:
    """An archive of packets to Parquet."""
    from fink_tracklets.ingest import ingest

    done = ingest(
        options.archive,
        options.out,
        options.survey,
        options.cutouts,
        options.quiet,
        schemas=options.schemas,
    )
    if options.quiet:
        return
    what = "packets" if done.alerts <= done.packets else "files or blocks"
    print(f"{done.alerts:,} alerts of {done.packets:,} {what} in {options.out}")
    if done.damaged:
        named = "; ".join(f"{name}: {reason}" for name, reason in done.named)
        more = f"; and {done.damaged - len(done.named):,} more" * (done.damaged > len(done.named))
        print(f"Damaged packets left out: {done.damaged:,} ({named}{more})")

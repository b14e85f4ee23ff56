"""The command `report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_span
from fink_tracklets.errors import UserError

HELP = """\
DIR gets report.html (one page that needs nothing else), numbers.json, figures/ as PNG and PDF, and
tables/ as CSV and LaTeX: those of Karpov & Peloton 2022 and 2023, beside what they published. It is
made from the nights' summaries; candidates are not read again.

Rates are corrected by what `evaluate --json` says: of simulated nights (--truth) how many flashes
become alerts of tracklets, of injected tracks (--inject) how many the finder misses. Give several
files of simulated nights: their scatter is part of the error."""


def add(commands: common.Commands) -> None:
    """`report` and its options."""
    command = common.add_command(
        commands,
        "report",
        report,
        "what a span of stored nights says: the papers' tables, figures and rates",
        "fink-tracklets report --store /data/tracklets --nights 20191101..20211231 --out report",
        more=HELP,
    )
    common.add_store(command)
    add_span(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder of the report")
    command.add_argument(
        "--completeness", nargs="+", default=[], metavar="FILE", help="of `evaluate --json`"
    )
    command.add_argument(
        "--above",
        type=float,
        metavar="MAG",
        help="the corrected rate is of flashes brighter than this in the exposure (default: what "
        "nearly all exposures show)",
    )
    command.add_argument(
        "--other",
        default="rubin",
        metavar="NAME",
        help="survey in which the flashes are imagined: a file of conf/ with [image] (default: "
        "%(default)s)",
    )
    command.add_argument(
        "--photometry",
        nargs="+",
        default=[],
        metavar="NUMBER=FILE",
        help="high-rate light curves as for `photometry`, each with its satellite's number",
    )
    common.add_quiet(command)


def report(options: argparse.Namespace) -> None:
    """The report of a span of nights."""
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.plots.figure import new_figure
    from fink_tracklets.plots.report.write import check_out, write_report
    from fink_tracklets.progress import Progress
    from fink_tracklets.store.open import open_folder
    from fink_tracklets.survey.image import load_imager
    from fink_tracklets.years.completeness import read_completeness
    from fink_tracklets.years.span import read_span

    new_figure(1)  # without matplotlib this says so
    progress = Progress(options.quiet)
    tracks = dict(_track(text) for text in options.photometry)
    completeness = read_completeness(options.completeness) if options.completeness else None
    other = load_imager(options.other)
    wanted = None if options.nights is None else parse_nights(options.nights)
    out = Path(options.out)
    with progress.step("reading the nights' summaries"):
        span = read_span(open_folder(options.store), wanted)
    check_out(out)
    seen_by = load_imager(span.survey.name)
    with progress.step("drawing and writing"):
        lacking = write_report(span, out, seen_by, other, completeness, options.above, tracks)
    if not options.quiet:
        print("\n".join([*lacking, f"{len(span.nights):,} nights: {out / 'report.html'}"]))


def _track(text: str) -> tuple[str, int]:
    number, equals, file = text.partition("=")
    if not (equals and number.isascii() and number.isdigit() and file):
        raise UserError(
            f"--photometry {text}: write the satellite's number and a file, 23314=FILE."
        )
    return file, int(number)

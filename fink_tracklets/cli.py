"""The command line: `fink-tracklets COMMAND ...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fink_tracklets import __version__
from fink_tracklets.errors import UserError

EXIT_CODES = """\
exit codes: 0 done; 1 a bug; 2 wrong use or bad input (one sentence on stderr);
3 a service was not reachable or failed"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except UserError as error:
        print(f"fink-tracklets: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def run(options: argparse.Namespace) -> None:
    """The end-of-night job."""
    from fink_tracklets.job import run_night
    from fink_tracklets.progress import Progress
    from fink_tracklets.show import show_night

    if options.hbase is not None:
        from fink_tracklets.hbase_commands import reachable

        reachable(options)
    if options.satcat is not None and not options.elements:
        raise UserError("--satcat needs --elements: give the files of orbital elements, too.")
    manifest = run_night(
        options.night,
        options.alerts,
        options.store,
        options.survey,
        progress=Progress(options.quiet),
        spark_log=options.spark_log,
        elements=options.elements or (),
        satcat=options.satcat,
    )
    if not options.quiet:
        print(show_night(options.store, options.night))
        if options.elements:
            from fink_tracklets.satellite_commands import text

            print(text(options.store, options.night, manifest))
    if options.hbase is not None:
        publish(options)


def satellites(options: argparse.Namespace) -> None:
    """The objects behind a stored night's tracklets."""
    from fink_tracklets import satellite_commands

    satellite_commands.satellites(options)


def publish(options: argparse.Namespace) -> None:
    """A stored night into HBase."""
    from fink_tracklets import hbase_commands

    hbase_commands.publish(options)


def unpublish(options: argparse.Namespace) -> None:
    """A night out of HBase."""
    from fink_tracklets import hbase_commands

    hbase_commands.unpublish(options)


def verify(options: argparse.Namespace) -> None:
    """Whether a stored night is whole and HBase has exactly it."""
    from fink_tracklets import hbase_commands

    hbase_commands.verify(options)


def glints(options: argparse.Namespace) -> None:
    """The physics of a stored night's flashes."""
    from fink_tracklets import glint_commands

    glint_commands.glints(options)


def demo(options: argparse.Namespace) -> None:
    """A simulated night, from alerts to a picture."""
    import pandas as pd

    from fink_tracklets.evaluate import compare
    from fink_tracklets.plot import plot_night
    from fink_tracklets.simulate import simulate_night
    from fink_tracklets.store.parquet import read_table

    out = Path(options.out)
    simulated = simulate_night(options.night, out / "simulation", options.seed)
    print(f"A simulated night of ZTF: {simulated.n_rows:,} alerts in {out / 'simulation/alerts'}")
    options.alerts, options.store = str(out / "simulation" / "alerts"), str(out / "store")
    options.survey, options.hbase = "ztf", None
    options.elements, options.satcat = None, None
    run(options)

    truth = pd.read_parquet(out / "simulation" / "truth.parquet")
    score = compare(truth, read_table(options.store, "tracklet_alerts", options.night).to_pandas())
    print(
        f"\nOf {score.n_true} simulated tracklets {score.n_recovered} found, "
        f"{len(score.false)} false."
    )
    plot_night(options.store, options.night, str(out / "night.png"))
    print(f"The picture: {out / 'night.png'}")


def simulate(options: argparse.Namespace) -> None:
    """A night of alerts with known truth."""
    from fink_tracklets.simulate import simulate_night

    simulated = simulate_night(
        options.night,
        options.out,
        options.seed,
        exposures=options.exposures,
        crowded=options.crowded,
        catalogue=options.catalogue,
        survey=options.survey,
        cutouts=options.cutouts,
    )
    print(
        f"{simulated.n_rows:,} alerts of {simulated.n_exposures} exposures with "
        f"{simulated.n_tracklets} tracklets in {options.out}/alerts, their truth in "
        f"{options.out}/truth.parquet and truth_tracks.parquet, the objects in "
        f"{simulated.catalogue}"
    )


def ingest(options: argparse.Namespace) -> None:
    """An archive of packets to Parquet."""
    from fink_tracklets.ingest.command import ingest_command

    ingest_command(options)


def evaluate(options: argparse.Namespace) -> None:
    """Recall and purity."""
    from fink_tracklets.evaluate.command import evaluate_command

    evaluate_command(options)


def show(options: argparse.Namespace) -> None:
    """What is stored."""
    from fink_tracklets.plot import plot_night, plot_tracklet
    from fink_tracklets.show import show_night, show_tracklet

    is_night = options.what.isdigit()
    text = show_night if is_night else show_tracklet
    print(text(options.store, options.what))
    if options.plot:
        draw = plot_night if is_night else plot_tracklet
        draw(options.store, options.what, options.plot)
        print(f"\nThe picture: {options.plot}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fink-tracklets",
        description="Finds the glints of satellites and space debris in a night of alerts.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = _command(
        commands, "run", run, "find the tracklets of a night and store them (the end-of-night job)",
        "fink-tracklets run --night 20210604 --alerts /lake/{Y}/{m}/{d} --store /data/tracklets",
    )  # fmt: skip
    _night(command)
    command.add_argument(
        "--alerts",
        required=True,
        metavar="PATH",
        help="Parquet file or folder of the night's alerts, anywhere Spark reads; {Y}, {m}, {d} "
        "stand for the night's year, month and day",
    )
    _store(command)
    _survey(command)
    _elements(command, required=False)
    _hbase(command, "publish the night then, too")
    _talk(command)

    command = _command(
        commands, "satellites", satellites, "say which catalogued objects made a night's tracklets",
        "fink-tracklets satellites --night 20210604 --store /data/tracklets "
        "--elements gp.json --satcat satcat.csv",
    )  # fmt: skip
    _night(command)
    _store(command)
    _elements(command, required=True)
    command.add_argument(
        "--method",
        choices=("likelihood", "paper1", "paper2"),
        help="in place of that of the survey's file",
    )
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")

    command = _command(
        commands, "publish", publish, "bring a stored night into HBase, in place of its old state",
        "fink-tracklets publish --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )  # fmt: skip
    _night(command)
    _store(command)
    _hbase(command, "where to", default="")
    _talk(command)

    command = _command(
        commands, "unpublish", unpublish, "take a night out of HBase",
        "fink-tracklets unpublish --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )  # fmt: skip
    _night(command)
    _store(command)
    _hbase(command, "where from", default="")
    _talk(command)

    command = _command(
        commands, "verify", verify, "say whether a stored night is whole, and HBase has exactly it",
        "fink-tracklets verify --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )  # fmt: skip
    _night(command)
    _store(command)
    _hbase(command, "compare HBase, too, cell by cell")

    command = _command(
        commands, "glints", glints, "measure the flashes of a stored night: periods, magnitudes",
        "fink-tracklets glints --night 20210604 --alerts /lake/{Y}/{m}/{d} --store /data/tracklets",
    )  # fmt: skip
    _night(command)
    command.add_argument(
        "--alerts", required=True, metavar="PATH", help="the night's alerts, with their stamps"
    )
    _store(command)
    command.add_argument(
        "--survey", metavar="NAME", help="the survey's file (default: the stored night's survey)"
    )
    _talk(command)

    from fink_tracklets import photometry_command

    command = _command(
        commands, "photometry", photometry_command.photometry,
        "read a satellite's high-rate light curve: its flashes and their period",
        "fink-tracklets photometry track.txt --plot track.png",
    )  # fmt: skip
    photometry_command.add_arguments(command)

    command = _command(
        commands, "demo", demo, "simulate a night like ZTF's, find its tracklets, draw them",
        "fink-tracklets demo --out demo --seed 2",
    )  # fmt: skip
    command.add_argument("--out", default="demo", metavar="DIR", help="folder for all it makes "
                         "(default: %(default)s)")  # fmt: skip
    command.add_argument("--night", default="20211022", help=argparse.SUPPRESS)
    _seed(command)
    _talk(command)

    command = _command(
        commands, "simulate", simulate, "simulate a night of alerts with known truth",
        "fink-tracklets simulate --night 20211022 --out sky --seed 7",
    )  # fmt: skip
    _night(command)
    command.add_argument(
        "--out", required=True, metavar="DIR", help="gets alerts/ and what is true of them"
    )
    _seed(command)
    command.add_argument("--exposures", type=int, default=314, metavar="N",
                         help="of the night (default: %(default)s)")  # fmt: skip
    command.add_argument("--crowded", type=int, default=0, metavar="K",
                         help="exposures that get 500 to 4,000 candidates")  # fmt: skip
    command.add_argument("--catalogue", metavar="FILE", help="OMM JSON, TLE or 3LE to fly, "
                         "also gzipped (default: a synthetic catalogue)")  # fmt: skip
    command.add_argument("--survey", choices=("ztf", "rubin"), default="ztf",
                         help="whose sky and schema (default: %(default)s)")  # fmt: skip
    command.add_argument("--cutouts", choices=("none", "candidates", "all"), default="none",
                         help="alerts that get images (default: %(default)s)")  # fmt: skip

    command = _command(
        commands, "ingest", ingest, "bring an archive of Avro packets into Parquet, for `run`",
        "fink-tracklets ingest ztf_public_20210604.tar.gz --out alerts/20210604",
    )  # fmt: skip
    command.add_argument(
        "archive", metavar="ARCHIVE", help=".tar.gz or .tar of packets, folder of .avro files, or "
        "one"
    )  # fmt: skip
    command.add_argument("--out", required=True, metavar="DIR", help="gets the Parquet files")
    command.add_argument("--cutouts", action="store_true", help="keep the image stamps, too")
    _survey(command)
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")

    command = _command(
        commands, "evaluate", evaluate, "recall and purity of a simulated night, or, with "
        "--inject, the recall of tracks added to the candidates of any night",
        "fink-tracklets evaluate --truth sky/truth.parquet --night 20211022 --store tracklets",
    )  # fmt: skip
    _night(command)
    command.add_argument("--truth", metavar="FILE", help="truth.parquet of the simulation")
    command.add_argument("--store", metavar="DIR", help="folder of the Parquet store")
    command.add_argument("--inject", type=int, metavar="K", help="add K tracks; no store is used")
    command.add_argument("--alerts", metavar="PATH", help="to inject into, as for `run`")
    _survey(command)
    _seed(command)
    command.add_argument("--json", metavar="FILE", help="write the numbers, too")
    command.add_argument("--plot", metavar="FILE.png", help="draw them, too (.png, .pdf or .svg)")

    command = _command(
        commands, "show", show, "show a stored night or tracklet, as tables and as a picture",
        "fink-tracklets show TRCK_20210604_093609_00 --store /data/tracklets --plot glint.png",
    )  # fmt: skip
    command.add_argument("what", metavar="NIGHT|NAME", help="YYYYMMDD, or a tracklet's name")
    _store(command)
    command.add_argument("--plot", metavar="FILE.png", help="draw it, too (.png, .pdf or .svg)")

    from fink_tracklets import serve_command

    command = _command(
        commands, "serve", serve_command.serve, "answer the broker's REST calls and show web pages",
        "fink-tracklets serve --store /data/tracklets --port 8000",
    )  # fmt: skip
    serve_command.add_arguments(command)
    return parser


def _command(commands, name, function, text, example):  # type: ignore[no-untyped-def]
    command = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=f"example:\n  {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=function)
    return command


def _night(command: argparse.ArgumentParser) -> None:
    command.add_argument("--night", required=True, metavar="YYYYMMDD", help="the night's name")


def _store(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store", required=True, metavar="DIR", help="folder of the Parquet store"
    )


def _elements(command: argparse.ArgumentParser, required: bool) -> None:
    command.add_argument(
        "--elements",
        nargs="+",
        required=required,
        metavar="FILE",
        help="orbital elements of that date: OMM (JSON, CSV, XML) or TLE, gzipped or not",
    )
    command.add_argument(
        "--satcat", metavar="FILE", help="CelesTrak's satellite catalogue (satcat.csv)"
    )


def _survey(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--survey",
        default="ztf",
        metavar="NAME",
        help="a survey of conf/ or a TOML file of your own (default: %(default)s)",
    )


def _hbase(command: argparse.ArgumentParser, text: str, default: str | None = None) -> None:
    command.add_argument(
        "--hbase",
        nargs="?",
        const="",
        default=default,
        metavar="HOST:PORT",
        help=f"{text}: HBase's Thrift server; without HOST:PORT that of conf/hbase.toml",
    )


def _seed(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=int, default=1, help="another seed, another night (default: %(default)s)"
    )


def _talk(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")
    command.add_argument(
        "--spark-log", type=Path, metavar="FILE", help="keep the messages of a local Spark"
    )


if __name__ == "__main__":
    sys.exit(main())

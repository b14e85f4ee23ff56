"""What the command line takes: commands, options and their help."""

from __future__ import annotations

import argparse
from pathlib import Path

from fink_tracklets.cli import photometry as photometry_command
from fink_tracklets.cli import serve as serve_command
from fink_tracklets.version import __version__

EXIT_CODES = """\
exit codes: 0 done; 1 a bug; 2 wrong use or bad input (one sentence on stderr);
3 a service was not reachable or failed"""


def parser() -> argparse.ArgumentParser:
    """Of `fink-tracklets`; its `command` is "module:function" in this package."""
    whole = argparse.ArgumentParser(
        prog="fink-tracklets",
        description="Finds the glints of satellites and space debris in a night of alerts.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    command = _command(
        commands, "run", "cli.night:run",
        "find the tracklets of a night and store them (the end-of-night job)",
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
        commands, "satellites", "satellites.stage:satellites",
        "say which catalogued objects made a night's tracklets",
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
        commands, "publish", "cli.hbase:publish",
        "bring a stored night into HBase, in place of its old state",
        "fink-tracklets publish --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )  # fmt: skip
    _night(command)
    _store(command)
    _hbase(command, "where to", default="")
    _talk(command)

    command = _command(
        commands, "unpublish", "cli.hbase:unpublish",
        "take a night out of HBase",
        "fink-tracklets unpublish --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )  # fmt: skip
    _night(command)
    _store(command)
    _hbase(command, "where from", default="")
    _talk(command)

    command = _command(
        commands, "verify", "cli.hbase:verify",
        "say whether a stored night is whole, and HBase has exactly it",
        "fink-tracklets verify --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )  # fmt: skip
    _night(command)
    _store(command)
    _hbase(command, "compare HBase, too, cell by cell")

    command = _command(
        commands, "glints", "cli.glints:glints",
        "measure the flashes of a stored night: periods, magnitudes",
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

    command = _command(
        commands, "photometry", "cli.photometry:photometry",
        "read a satellite's high-rate light curve: its flashes and their period",
        "fink-tracklets photometry track.txt --plot track.png",
    )  # fmt: skip
    photometry_command.add_arguments(command)

    command = _command(
        commands, "demo", "cli.night:demo",
        "simulate a night like ZTF's, find its tracklets, draw them",
        "fink-tracklets demo --out demo --seed 2",
    )  # fmt: skip
    command.add_argument("--out", default="demo", metavar="DIR", help="folder for all it makes "
                         "(default: %(default)s)")  # fmt: skip
    command.add_argument("--night", default="20211022", help=argparse.SUPPRESS)
    _seed(command)
    _talk(command)

    command = _command(
        commands, "simulate", "cli.night:simulate",
        "simulate a night of alerts with known truth",
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
        commands, "ingest", "cli.ingest:ingest_command",
        "bring an archive of Avro packets into Parquet, for `run`",
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
        commands, "evaluate", "cli.evaluate:evaluate_command",
        "recall and purity of a simulated night, or, with "
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
        commands, "show", "cli.night:show",
        "show a stored night or tracklet, as tables and as a picture",
        "fink-tracklets show TRCK_20210604_093609_00 --store /data/tracklets --plot glint.png",
    )  # fmt: skip
    command.add_argument("what", metavar="NIGHT|NAME", help="YYYYMMDD, or a tracklet's name")
    _store(command)
    command.add_argument("--plot", metavar="FILE.png", help="draw it, too (.png, .pdf or .svg)")

    command = _command(
        commands, "serve", "cli.serve:serve",
        "answer the broker's REST calls and show web pages",
        "fink-tracklets serve --store /data/tracklets --port 8000",
    )  # fmt: skip
    serve_command.add_arguments(command)
    return whole


def _command(commands, name, function, text, example):  # type: ignore[no-untyped-def]
    """A command, whose function is named so that its module is loaded only when it is called."""
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

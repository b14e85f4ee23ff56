"""Options that several commands share, and how a command is added."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

EXIT_CODES = """\
exit codes: 0 done; 1 a bug; 2 wrong use or bad input (one sentence on stderr);
3 a service was not reachable or failed; 4 an unusual night (--fail-on-unusual)"""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands,
    name: str,
    function: Callable[[argparse.Namespace], None],
    text: str,
    example: str,
    more: str = "",
) -> argparse.ArgumentParser:
    """A command of its own.

    Parameters
    ----------
    function : is called with the parsed options
    text : what it does, for the list of commands
    example : one line
    more : follows the text in the command's own help
    """
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}." + (f"\n\n{more}" if more else ""),
        epilog=f"example:\n  {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(command=function)
    return command


def add_night(command: argparse.ArgumentParser) -> None:
    """--night."""
    command.add_argument("--night", required=True, metavar="YYYYMMDD", help="the night's name")


def add_store(command: argparse.ArgumentParser) -> None:
    """--store."""
    command.add_argument(
        "--store", required=True, metavar="DIR", help="folder of the Parquet store"
    )


def add_out_topic(command: argparse._ActionsContainer, what: str) -> None:
    """--out-topic: None without it, an empty text for that of conf/stream.toml."""
    command.add_argument(
        "--out-topic",
        nargs="?",
        const="",
        metavar="T",
        help=f"{what}; without T that of conf/stream.toml",
    )


def add_elements(command: argparse.ArgumentParser, required: bool) -> None:
    """--elements and --satcat."""
    command.add_argument(
        "--elements",
        nargs="+",
        required=required,
        metavar="FILE",
        help="orbital elements of that date: OMM (JSON, CSV, XML, KVN) or TLE, gzipped or not; "
        "{Y}, {m}, {d} as in --alerts",
    )
    command.add_argument(
        "--satcat", metavar="FILE", help="CelesTrak's satellite catalogue (satcat.csv)"
    )


def add_survey(command: argparse.ArgumentParser) -> None:
    """--survey."""
    command.add_argument(
        "--survey",
        default="ztf",
        metavar="NAME",
        help="a survey of conf/ or a TOML file of your own (default: %(default)s)",
    )


def add_hbase(command: argparse.ArgumentParser, text: str, default: str | None = None) -> None:
    """--hbase, with or without an address."""
    command.add_argument(
        "--hbase",
        nargs="?",
        const="",
        default=default,
        metavar="HOST:PORT",
        help=f"{text}: HBase's Thrift server; without HOST:PORT that of conf/hbase.toml",
    )


def add_plot(command: argparse.ArgumentParser, text: str = "draw it, too") -> None:
    """--plot."""
    command.add_argument("--plot", metavar="FILE.png", help=f"{text} (.png, .pdf or .svg)")


def add_seed(command: argparse.ArgumentParser) -> None:
    """--seed."""
    command.add_argument(
        "--seed", type=int, default=1, help="another seed, another night (default: %(default)s)"
    )


def add_quiet(command: argparse.ArgumentParser) -> None:
    """--quiet."""
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")


def add_talk(command: argparse.ArgumentParser) -> None:
    """--quiet and --spark-log."""
    add_quiet(command)
    command.add_argument(
        "--spark-log",
        type=Path,
        metavar="FILE",
        help="keep the messages of a local Spark; under "
        "spark-submit (any FILE): show them as its log4j configuration has it, not warnings only",
    )

"""`fink-tracklets COMMAND ...`: the commands, each in a module of its own, and their exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fink_tracklets.cli import (
    demo,
    doctor,
    elements,
    evaluate,
    export,
    glints,
    hbase,
    ingest,
    migrate,
    objects,
    orbits,
    photometry,
    report,
    run,
    satellites,
    serve,
    show,
    simulate,
    stream,
    summarise,
)
from fink_tracklets.cli.options import EXIT_CODES
from fink_tracklets.errors import UserError
from fink_tracklets.version import __version__

COMMANDS = (
    run,
    stream,
    satellites,
    elements,
    hbase,
    glints,
    orbits,
    objects,
    photometry,
    demo,
    simulate,
    ingest,
    evaluate,
    show,
    summarise,
    report,
    export,
    migrate,
    serve,
    doctor,
)
"""In the order of `--help`. A command loads what it needs when it is called."""


def parser() -> argparse.ArgumentParser:
    """Of `fink-tracklets`; the options' `command` is the function to call with them."""
    whole = argparse.ArgumentParser(
        prog="fink-tracklets",
        description="Finds the glints of satellites and space debris in a night of alerts.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except UserError as error:
        print(f"fink-tracklets: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
    return 0

"""The command line: `fink-tracklets COMMAND ...`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from fink_tracklets.cli.options import parser
from fink_tracklets.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    module, function = options.command.split(":")
    try:
        getattr(import_module(f"fink_tracklets.{module}"), function)(options)
    except UserError as error:
        print(f"fink-tracklets: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The command line: `fink-tracklets COMMAND ...`."""

from fink_tracklets.cli.main import main

__all__ = ["main"]

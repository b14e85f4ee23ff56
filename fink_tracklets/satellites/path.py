"""Where a night's elements are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fink_tracklets.naming import dated_paths


def night_files(paths: Sequence[str], night: str) -> list[str]:
    """The files of one night: of `dated_paths` of each path the first that exists, else the first.

    A file that is not there is complained of by who reads it.
    """
    return [_there(dated_paths(path, night)) for path in paths]


def _there(files: Sequence[str]) -> str:
    return next((file for file in files if Path(file).exists()), files[0])

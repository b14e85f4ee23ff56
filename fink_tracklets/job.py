"""The old place of `run_night`, for those who import it from here."""

from __future__ import annotations

import warnings
from typing import Any

from fink_tracklets.pipeline import run


def run_night(*arguments: Any, **keywords: Any) -> dict[str, Any]:
    """Find a night's tracklets: use `fink_tracklets.run_night`. Returns the manifest as a dict."""
    warnings.warn(
        "fink_tracklets.job.run_night is now fink_tracklets.run_night, which returns the stored "
        "night",
        DeprecationWarning,
        stacklevel=2,
    )
    return run.run_night(*arguments, **keywords).manifest.as_dict()

"""A figure, and where it goes; without matplotlib one clear sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GLINT, QUIET, FOUND, ARC = "#d1495b", "#9aa5b1", "#1d3557", "#f4a261"
"""The colours of glints, of what is none, of what we measured, of a satellite's arc."""


def new_figure(width: float) -> Figure:
    """A figure six inches high."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("Plots need matplotlib: pip install 'fink_tracklets[plot]'.") from None
    return Figure(figsize=(width, 6), layout="constrained")


def save(figure: Figure, file: str) -> None:
    """Write a figure as .png, .pdf or .svg."""
    if Path(file).suffix.lower() not in (".png", ".pdf", ".svg"):
        raise UserError(f"The plot {file} must end in .png, .pdf or .svg.")
    if not Path(file).absolute().parent.is_dir():
        raise UserError(f"The plot {file} cannot be written: its folder does not exist.")
    figure.savefig(file, dpi=110, bbox_inches="tight")

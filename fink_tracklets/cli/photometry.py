"""The command `photometry`: a high-rate light curve, to compare a tracklet's flashes with."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common

if TYPE_CHECKING:
    from fink_tracklets.glints.periods import Comb

HELP = """\
FILE is text as Mini-MegaTORTORA publishes it: a header line that names the columns, then one
line per measurement:

  # Date Time StdMag Mag Filter Penumbra Distance Phase
  2015-04-27 23:59:59.950 4.0 9.00 Clear 0 10000 90

Date, Time and Mag (V) are needed. With Distance [km] and Phase [deg] there are standard
magnitudes: g at 1,000 km for a diffuse sphere, to be compared with standard_mag_lambert of a
tracklet. Other columns are passed over.

A flash is a peak above the running median of 1.1 s by five times the scatter about it; its
amplitude is above a smooth curve (Savitzky-Golay, second order, 1.1 s). The period is fitted to
the flashes as to those of a tracklet, and given if fewer than one in 1,000 sets of random flashes
have such a period."""
MAX_LOG10_FALSE_ALARM = -3


def add(commands: common.Commands) -> None:
    """`photometry` and its options."""
    command = common.add_command(
        commands,
        "photometry",
        photometry,
        "read a satellite's high-rate light curve: its flashes and their period",
        "fink-tracklets photometry track.txt --plot track.png",
        more=HELP,
    )
    command.add_argument("file", metavar="FILE", help="a light curve of one satellite")
    common.add_plot(command)


def photometry(options: argparse.Namespace) -> None:
    """What a high-rate light curve says of an object's flashes."""
    import numpy as np

    from fink_tracklets.glints.photometry import find_flashes, flash_period, read_track

    track = read_track(options.file)
    time, mag = track["time_s"].to_numpy(float), track["mag"].to_numpy(float)
    flashes = find_flashes(time, mag, options.file)
    comb = flash_period(flashes.time_s, time)
    standard = track["standard_mag"].dropna()
    of_them = f"the highest {flashes.amplitude_mag.max():.2f} mag" if len(flashes.time_s) else ""
    print(
        f"{options.file}: {len(track):,} measurements in {time[-1]:.1f} s, one in "
        f"{np.median(np.diff(time)):.3g} s\n"
        f"  magnitude           {_range(mag)}\n"
        f"  standard magnitude  "
        f"{_range(standard.to_numpy(float)) if len(standard) else 'no Distance or no Phase'}\n"
        f"  flashes             {len(flashes.time_s)}{', ' if of_them else ''}{of_them} above the "
        f"smooth curve\n"
        f"  period              {_period(comb)}"
    )
    if options.plot:
        from fink_tracklets.plots.flashes import plot_track

        plot_track(track, flashes, options.plot)
        print(f"\nThe picture: {options.plot}")


def _range(mags):  # type: ignore[no-untyped-def]
    return f"{mags.min():.2f} to {mags.max():.2f}, mean {mags.mean():.2f}"


def _period(comb: Comb | None) -> str:
    if comb is None or comb.log10_false_alarm > MAX_LOG10_FALSE_ALARM:
        return "none that could not be chance"
    more = "" if comb.interpulse is None else f", with an interpulse at {comb.interpulse:.2f}"
    return (
        f"{comb.spacing:.4g} +- {comb.spacing_error:.2g} s{more} "
        f"(log10 of the false alarms {comb.log10_false_alarm:.1f})"
    )

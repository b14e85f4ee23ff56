"""Peaks in a difference stamp, and which of them lie on one line (P1 section 2.3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from fink_tracklets.glints.stamps import DamagedStamp, decode, level_and_noise, template_mask
from fink_tracklets.survey.glints import GlintSettings

Array = NDArray[np.float64]
Image = NDArray[np.float32]
NONE = np.zeros(0)

FWHM = 2.3548
"""Full width of a Gaussian at half its maximum, in units of its sigma."""
FOOT_SIGMA = 2.5
"""What is connected above this is one object, unless SEP deblends it."""
SHARPER = 1.5
"""A cosmic ray is so many times sharper than the alert's own peak, by three times the noise."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """What one alert's stamps show. Peaks come brightest first."""

    status: str
    """`ok`, or why there is nothing."""
    science_noise: float = np.nan
    """Noise of the science stamp, in its units."""
    difference_noise: float = np.nan
    """Noise of the difference stamp, in its units."""
    masked_fraction: float = np.nan
    """Part of the difference stamp that is behind template objects."""
    x: Array = field(default_factory=lambda: NONE)
    """(n,) places of the peaks from the stamp's centre [pixel]."""
    y: Array = field(default_factory=lambda: NONE)
    """(n,) places of the peaks from the stamp's centre [pixel]."""
    snr: Array = field(default_factory=lambda: NONE)
    """(n,) signal-to-noise ratio of a point source (matched filter)."""
    flux: Array = field(default_factory=lambda: NONE)
    """(n,) flux of a point source, in units of a pixel's noise."""
    brightest: Array = field(default_factory=lambda: NONE)
    """(n,) brightest pixel of each, in units of its noise."""
    east: Array | None = None
    """(n,) places east of the centre [arcsec]; None where the orientation is unknown."""
    north: Array | None = None
    """(n,) places north of the centre [arcsec]; None where the orientation is unknown."""

    def central(self, radius: float) -> int | None:
        """The peak nearest to the centre, if within `radius` [pixels]."""
        distance = np.hypot(self.x, self.y)
        if not len(distance) or distance.min() > radius:
            return None
        return int(distance.argmin())

    def without_cosmic_rays(self, radius: float) -> Peaks:
        """Without the peaks that are much sharper than the central one, within `radius`.

        A peak's brightest pixel over the point source's flux tells how sharp it is.
        """
        centre = self.central(radius)
        if centre is None:
            return self
        expected = SHARPER * self.brightest[centre] / self.flux[centre] * self.flux
        keep = self.brightest - 3 <= expected
        kept = {
            name: values[keep]
            for name, values in vars(self).items()
            if isinstance(values, np.ndarray)
        }
        return replace(self, **kept)


def find_peaks(
    science: bytes | None,
    template: bytes | None,
    difference: bytes | None,
    settings: GlintSettings,
) -> Peaks:
    """The peaks of one alert.

    The difference, without the pixels of template objects, is smoothed by a point source's
    profile and divided by the noise of the result: each pixel then is the signal-to-noise ratio
    of a point source there. Peaks are SEP's objects that reach
    `settings.detection_sigma`; their positions are windowed with the same profile. These and
    the fluxes are of all pixels, masked ones too.

    Parameters
    ----------
    science, template, difference : FITS files as in the packet
    """
    # The three images, their noise by the median absolute deviation as in P1 section 2.3, and the
    # pixels that are of no use.
    try:
        stamps = [decode(content) for content in (science, template, difference)]
    except DamagedStamp as error:
        return Peaks(str(error))
    sci, ref, diff = (stamp.pixels for stamp in stamps)
    if not sci.shape == ref.shape == diff.shape:
        return Peaks("damaged")
    _, science_noise = level_and_noise(sci)
    level, noise = level_and_noise(diff)
    if not (science_noise > 0 and noise > 0):
        return Peaks("no noise", science_noise, noise)
    radius = settings.fwhm_arcsec / 2 / settings.pixel_scale_arcsec
    mask = template_mask(ref, science_noise, settings.template_sigma, max(radius, 1.0))
    absent = ~np.isfinite(diff)
    mask |= absent
    if mask.all():
        return Peaks("masked", science_noise, noise, 1.0)

    # The difference in units of its noise, and the matched filter's signal-to-noise ratio.
    whole = (diff - np.float32(level)) / np.float32(noise)
    whole[absent] = 0
    image = np.where(mask, np.float32(0), whole)
    sigma = settings.fwhm_arcsec / FWHM / settings.pixel_scale_arcsec
    smooth = smoothed(image, sigma)
    smooth_level, smooth_noise = level_and_noise(smooth[~mask])
    if not smooth_noise > 0:
        return Peaks("no noise", science_noise, noise)
    ratio = (smooth - np.float32(smooth_level)) / np.float32(smooth_noise)

    # Peaks are what SEP calls an object, if it reaches the limit; brightest first.
    foot = min(FOOT_SIGMA, settings.detection_sigma)
    try:
        found = sep.extract(ratio, foot, mask=mask, filter_kernel=None, minarea=1)
    except Exception as error:  # SEP's own limits (pixel stack, deblending) come as Exception
        if type(error) is not Exception:
            raise
        return Peaks("too crowded", science_noise, noise)
    found = found[found["peak"] >= settings.detection_sigma]
    found = found[np.lexsort((found["xpeak"], found["ypeak"], -found["peak"]))]

    # Their positions by the profile as a window; where this wanders off, those of SEP.
    centre = (len(image) - 1) / 2
    x, y, _ = sep.winpos(whole, found["xpeak"], found["ypeak"], sigma)
    lost = ~(np.hypot(x - found["xpeak"], y - found["ypeak"]) <= 2)
    x, y = np.where(lost, found["xpeak"], x), np.where(lost, found["ypeak"], y)

    # Their fluxes: the smoothed image at the peak is that of a point source over 4 pi sigma^2.
    at = tuple(np.clip(np.rint([y, x]), 0, len(image) - 1).astype(int))
    flux = smoothed(whole, sigma)[at].astype(float) - smooth_level
    flux = 4 * np.pi * sigma**2 * np.maximum(flux, smooth_noise)
    x, y = x - centre, y - centre
    axes = stamps[2].axes or settings.axes
    return Peaks(
        status="ok",
        science_noise=science_noise,
        difference_noise=noise,
        masked_fraction=float(mask.mean()),
        x=x,
        y=y,
        snr=found["peak"].astype(float),
        flux=flux,
        brightest=maximum_filter(whole, 3)[at].astype(float),
        east=None if axes is None else axes[0] * x + axes[2] * y,
        north=None if axes is None else axes[1] * x + axes[3] * y,
    ).without_cosmic_rays(settings.centre_radius_arcsec / settings.pixel_scale_arcsec)


def smoothed(image: Image, sigma: float) -> Image:
    """Convolved with a Gaussian of `sigma` pixels; nothing lies outside the image."""
    return np.asarray(gaussian_filter(image, sigma, mode="constant", truncate=3.0))


def on_track(
    x: Array, y: Array, centre: int, direction: tuple[float, float], width: float
) -> NDArray[np.bool_]:
    """Which peaks lie on a line of known direction through the central peak.

    Parameters
    ----------
    x, y : (n,) peaks
    centre : the central peak
    direction : unit vector
    width : largest distance from the line, in the units of x and y

    Returns
    -------
    (n,) bool
    """
    across = (x - x[centre]) * direction[1] - (y - y[centre]) * direction[0]
    return np.asarray(np.abs(across) <= width)


@dataclass(frozen=True, eq=False)
class CommonLine:
    """The line that the peaks of a stamp have in common."""

    direction: tuple[float, float]
    """Unit vector in the axes of the positions given."""
    members: NDArray[np.bool_]
    """(n,) the peaks that lie on it."""
    rms: float
    """Root mean square distance of the members from it; NaN for two, which always have a line."""


def common_line(x: Array, y: Array, centre: int, width: float) -> CommonLine | None:
    """The line through the central peak that holds most peaks; the brighter ones where two do.

    Parameters
    ----------
    x, y : (n,) peaks, brightest first
    centre : the central peak
    width : largest distance from the line, in the units of x and y
    """
    # Every other peak makes a line through the central one; the first that holds most peaks wins.
    dx, dy = x - x[centre], y - y[centre]
    best: NDArray[np.bool_] | None = None
    for other in range(len(x)):
        length = np.hypot(dx[other], dy[other])
        if other == centre or length <= width:
            continue
        near = on_track(x, y, centre, (dx[other] / length, dy[other] / length), width)
        if best is None or near.sum() > best.sum():
            best = near
    if best is None:
        return None

    # Its direction by the members' principal axis; two parameters are fitted.
    points = np.stack([x[best], y[best]])
    points = points - points.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(points @ points.T)
    direction = vectors[:, 1]
    n = int(best.sum())
    rms = float(np.sqrt(max(values[0], 0.0) / (n - 2))) if n > 2 else np.nan
    return CommonLine((float(direction[0]), float(direction[1])), best, rms)


def smallest_spacing(along: Array, closest: float) -> float:
    """Smallest spacing of neighbours, those nearer than `closest` being one; NaN for one point."""
    steps = np.diff(merged(along, closest))
    return float(steps.min()) if len(steps) else np.nan


def merged(along: Array, closest: float) -> Array:
    """Positions in order, where those within `closest` of the one before are one: their mean."""
    ordered = np.sort(along)
    group = np.cumsum(np.diff(ordered, prepend=ordered[:1]) > closest)
    if not len(ordered):
        return ordered
    return np.asarray(np.bincount(group, ordered) / np.bincount(group))

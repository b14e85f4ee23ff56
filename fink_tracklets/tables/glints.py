"""The tables of the stage that measures flashes."""

from __future__ import annotations

from fink_tracklets.tables.table import Column, Table


def _added(*columns: tuple[str, str, str, str]) -> tuple[Column, ...]:
    """Columns of version 2."""
    return tuple(Column(*column, since=2) for column in columns)


_FLASH = _added(
    ("arc_arcsec", "double", "arcsec", "path of the object during the exposure, see arc_source"),
    (
        "arc_source",
        "string",
        "",
        "satellite: its path among the stars; tracklet: the tracklet's "
        "length, a lower limit of the path, with which every time is an upper limit",
    ),
    ("duration_s", "double", "s", "of a point-like flash, upper limit (P1 equation 1)"),
    (
        "instant_mag",
        "double",
        "mag",
        "at the flash's peak; the true one is as bright or brighter (P1 equation 2)",
    ),
    ("amplitude_mag", "double", "mag", "above the limiting magnitude, a lower limit"),
    ("standard_mag", "double", "mag", "g at 1,000 km, mirror-like (P1 equations 3, 5)"),
    ("standard_mag_lambert", "double", "mag", "g at 1,000 km, diffuse sphere (P1 equations 3, 4)"),
)
GLINTS = Table(
    "glints",
    "one row per candidate: its stamps' peaks, its flash, and the evidence that it is a glint",
    _added(
        ("alert_id", "bigint", "", "the alert's number"),
        ("exposure", "string", "", "the exposure"),
        ("tracklet", "string", "", "name of its tracklet, or null"),
        ("band", "string", "", "filter"),
        ("mag", "double", "mag", "difference magnitude"),
        ("limiting_mag", "double", "mag", "of the difference image"),
        (
            "stamp",
            "string",
            "",
            "ok, or why the stamps tell nothing: missing, damaged, not square, "
            "no pixels, no noise, masked, too crowded",
        ),
        ("science_noise", "double", "stamp", "1.4826 MAD of the science stamp"),
        ("difference_noise", "double", "stamp", "1.4826 MAD of the difference stamp"),
        ("masked_fraction", "double", "", "of the stamp, behind the template's objects"),
        ("n_peaks", "int", "", "peaks in the difference stamp"),
        ("central_peak", "boolean", "", "a peak is at the stamp's centre"),
        (
            "n_on_line",
            "int",
            "",
            "peaks on the track's line (without a tracklet: on the line that "
            "holds most), the central one included",
        ),
        ("multi_peak", "boolean", "", "a central peak and another, in a tracklet along the track"),
        ("direction_deg", "double", "deg", "of the peaks' common line, north through east, 0-180"),
        ("direction_rms_arcsec", "double", "arcsec", "of three or more peaks about it"),
        ("spacing_arcsec", "double", "arcsec", "smallest, of neighbouring peaks on the line"),
        ("peak_x", "array<double>", "pixel", "from the stamp's centre, brightest peak first"),
        ("peak_y", "array<double>", "pixel", "from the stamp's centre"),
        ("peak_snr", "array<double>", "", "signal-to-noise ratio of a point source"),
        ("peak_ra", "array<double>", "deg", "ICRS"),
        ("peak_dec", "array<double>", "deg", "ICRS"),
        ("period_m_s", "double", "s", "P_m of this stamp, from its peaks' smallest spacing"),
    )
    + _FLASH
    + _added(
        ("tracklet_match", "boolean", "", "its tracklet is matched with a satellite"),
        ("blind_match", "boolean", "", "it is itself matched with a satellite"),
        ("satellite", "boolean", "", "either match"),
        ("is_glint", "boolean", "", "in a tracklet, or both satellite and multi_peak"),
    ),
)
FLASHES = Table(
    "flashes",
    "one row per tracklet: its flashes' periods, durations and magnitudes",
    _added(
        ("tracklet", "string", "", "name"),
        ("norad_cat_id", "bigint", "", "its best satellite, or null"),
        ("n_alerts", "int", "", "alerts"),
        ("n_central", "int", "", "alerts with a peak at the stamp's centre"),
        ("n_multi_peak", "int", "", "alerts with further peaks along the track"),
        ("n_flashes", "int", "", "single flashes: alerts and peaks together"),
        ("period_m_s", "double", "s", "P_m: median over the multi-peak stamps; upper limit"),
        ("period_m_error_s", "double", "s", "of the median, from the stamps' scatter"),
        ("period_p_s", "double", "s", "P_p: from the smallest spacing of alerts; upper limit"),
        ("period_p_error_s", "double", "s", "from the positions' error"),
        (
            "period_s",
            "double",
            "s",
            "fitted to all flashes; null if it may be chance; two spacings "
            "where every other flash is the brighter",
        ),
        ("period_error_s", "double", "s", "68 %, from the fit; the arc is taken as exact"),
        ("log10_false_alarm", "double", "", "log10 of the expected number of such combs by chance"),
        ("n_on_comb", "int", "", "flashes that fit the period"),
        ("n_teeth", "int", "", "flashes that a full comb has from its first to its last"),
        (
            "interpulse_phase",
            "double",
            "",
            "a further flash of each period is this part of it off, 0 to 0.5; null: none",
        ),
        (
            "free_time_s",
            "double",
            "s",
            "the first flash is at most so long after the exposure's "
            "start: the light curve's free zero point; null without a satellite",
        ),
    )
    + _FLASH
    + _added(
        (
            "expected_mag",
            "double",
            "mag",
            "g of a mirror-like sphere of albedo 0.5 with the "
            "satellite's radar cross-section, at its distance",
        ),
    ),
)
LIGHT_CURVES = Table(
    "light_curves",
    "one row per single flash of a tracklet, in order",
    _added(
        ("tracklet", "string", "", "name"),
        ("alert_id", "bigint", "", "of the flash's alert; null: only a peak in others' stamps"),
        (
            "time_s",
            "double",
            "s",
            "after the first flash, from the position on the satellite's "
            "arc; without a satellite along the tracklet, perhaps backwards, and an upper limit",
        ),
        ("along_arcsec", "double", "arcsec", "along the track from its first alert"),
        (
            "mag",
            "double",
            "mag",
            "as if spread over the exposure; of a peak: from its flux relative to the central one",
        ),
        ("mag_scatter", "double", "mag", "standard deviation between the stamps that show it"),
        ("n_stamps", "int", "", "stamps that show it"),
        ("limiting_mag", "double", "mag", "an upper limit of the quiescent brightness"),
    ),
)
STAMPS = Table(
    "stamps",
    "the stamps of alerts in tracklets, as received",
    _added(
        ("alert_id", "bigint", "", "the alert's number"),
        ("tracklet", "string", "", "name of its tracklet"),
        ("science", "binary", "", "FITS, gzipped"),
        ("template", "binary", "", "FITS, gzipped"),
        ("difference", "binary", "", "FITS, gzipped"),
    ),
)
GLINT_TABLES = (GLINTS, FLASHES, LIGHT_CURVES, STAMPS)

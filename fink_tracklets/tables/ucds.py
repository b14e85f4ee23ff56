"""Units and UCDs (IVOA, UCD1+) of what VOTables hold, by the columns' names without family."""

from __future__ import annotations

MAG, DEG, ARCSEC, DAY, PIXEL = "mag", "deg", "arcsec", "d", "pixel"
SENT = {
    "candid": ("", "meta.id;meta.main"),
    "objectId": ("", "meta.id"),
    "ra": (DEG, "pos.eq.ra;meta.main"),
    "dec": (DEG, "pos.eq.dec;meta.main"),
    "jd": (DAY, "time.start;obs.exposure"),
    "jdstarthist": (DAY, "time.start"),
    "jdendhist": (DAY, "time.end"),
    "fid": ("", "instr.bandpass"),
    "field": ("", "meta.id;obs.field"),
    "rcid": ("", "meta.id;instr.det"),
    "xpos": (PIXEL, "pos.cartesian.x;instr.det"),
    "ypos": (PIXEL, "pos.cartesian.y;instr.det"),
    "magpsf": (MAG, "phot.mag"),
    "sigmapsf": (MAG, "stat.error;phot.mag"),
    "diffmaglim": (MAG, "phot.mag;stat.max"),
    "magnr": (MAG, "phot.mag"),
    "sigmagnr": (MAG, "stat.error;phot.mag"),
    "magzpsci": (MAG, "phot.mag;arith.zp"),
    "maggaia": (MAG, "phot.mag"),
    "ssmagnr": (MAG, "phot.mag"),
    "distnr": (PIXEL, "pos.angDistance"),
    "distpsnr1": (ARCSEC, "pos.angDistance"),
    "neargaia": (ARCSEC, "pos.angDistance"),
    "ssdistnr": (ARCSEC, "pos.angDistance"),
    "ssnamenr": ("", "meta.id"),
    "classtar": ("", "src.class.starGalaxy"),
    "drb": ("", "stat.likelihood"),
    "rb": ("", "stat.likelihood"),
    "ndethist": ("", "meta.number;obs"),
}
"""What surveys send, unit and UCD."""
OURS = {
    "tracklet": "meta.id",
    "alert_id": "meta.id",
    "object_id": "meta.id",
    "exposure": "meta.id;obs.exposure",
    "exposure_start": "time.start;obs.exposure",
    "n_alerts": "meta.number;obs",
    "n_points": "meta.number;obs",
    "band": "instr.bandpass",
    "mag": "phot.mag",
    "mag_err": "stat.error;phot.mag",
    "mag_mean": "phot.mag;stat.mean",
    "mag_min": "phot.mag;stat.min",
    "mag_max": "phot.mag;stat.max",
    "ra_start": "pos.eq.ra",
    "dec_start": "pos.eq.dec",
    "ra_end": "pos.eq.ra",
    "dec_end": "pos.eq.dec",
    "length_arcsec": "pos.angDistance",
    "along_arcsec": "pos.angDistance",
    "offset_arcsec": "pos.angDistance",
    "rms_arcsec": "stat.stdev;pos.angDistance",
    "position_angle_deg": "pos.posAng",
    "norad_cat_id": "meta.id",
    "object_name": "meta.id",
    "semi_major_axis_km": "phys.size.smajAxis",
    "eccentricity": "src.orbital.eccentricity",
    "inclination_deg": "src.orbital.inclination",
    "period_min": "time.period",
    "period_s": "time.period",
    "range_km": "pos.distance",
    "phase_angle_deg": "pos.phaseAng",
    "altitude_deg": "pos.az.alt",
    "lastdate": "time.start;obs.exposure",
    "firstdate": "time.start",
    "lapse": "time.duration",
    "classification": "src.class",
    "cdsxmatch": "src.class",
    "roid": "src.class",
}
"""What we add; the units stand with the columns."""


def unit_and_ucd(name: str) -> tuple[str, str]:
    """Those of a column, with or without its family; empty where there are none."""
    family, _, plain = name.rpartition(":")
    if family == "i" and plain in SENT:
        return SENT[plain]
    return "", OURS.get(plain, "")

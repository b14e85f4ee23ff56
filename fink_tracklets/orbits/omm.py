"""Our objects as Orbit Mean-elements Messages (CCSDS 502.0-B, JSON as Space-Track writes it)."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from fink_tracklets.satellites.mean_elements import satrec, six_of


def omm(objects: pd.DataFrame) -> str:
    """The elements of objects, which any program with SGP4 reads."""
    return "[\n" + ",\n".join(json.dumps(_message(row)) for _, row in objects.iterrows()) + "\n]\n"


def _message(row: pd.Series) -> dict[str, object]:
    made = satrec(six_of(row), float(row["epoch_jd"]))
    micros = round((made.jdsatepoch - 2440587.5 + made.jdsatepochF) * 86400e6)
    epoch = pd.Timestamp(micros, unit="us")
    return {
        "OBJECT_NAME": row["object"],
        "OBJECT_ID": "",
        "CENTER_NAME": "EARTH",
        "REF_FRAME": "TEME",
        "TIME_SYSTEM": "UTC",
        "MEAN_ELEMENT_THEORY": "SGP4",
        "EPOCH": epoch.isoformat(timespec="microseconds"),
        "MEAN_MOTION": round(made.no_kozai * 720 / np.pi, 10),
        "ECCENTRICITY": round(made.ecco, 9),
        "INCLINATION": round(float(np.degrees(made.inclo)), 6),
        "RA_OF_ASC_NODE": round(float(np.degrees(made.nodeo)), 6),
        "ARG_OF_PERICENTER": round(float(np.degrees(made.argpo)), 6),
        "MEAN_ANOMALY": round(float(np.degrees(made.mo)), 6),
        "EPHEMERIS_TYPE": 0,
        "CLASSIFICATION_TYPE": "U",
        "NORAD_CAT_ID": int(row["number"]),
        "ELEMENT_SET_NO": 999,
        "REV_AT_EPOCH": 0,
        "BSTAR": 0.0,
        "MEAN_MOTION_DOT": 0.0,
        "MEAN_MOTION_DDOT": 0.0,
    }

"""The broker's class of an alert, `v:classification`, for alerts that are in a tracklet.

The broker's filters (fink-filters) give an alert a class each, and one rule joins them: a class of
SIMBAD that is no galaxy wins; two or more of microlensing, supernova, Solar System object and
Solar System candidate are "Ambiguous"; else a known Solar System object is "Solar System MPC", and
an alert in a tracklet is "Tracklet", whatever the filters for supernovae and kilonovae say of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

HOSTS = (
    *("Unknown", "Transient", "Fail", "SN", "Candidate_SN*", "SN*_Candidate"),
    *("galaxy", "Galaxy", "EmG", "Seyfert", "Seyfert_1", "Seyfert_2", "BlueCompG"),
    *("StarburstG", "LSB_G", "HII_G", "High_z_G", "GinPair", "GinGroup", "BClG"),
    *("GinCl", "PartofG"),
)
"""Classes of SIMBAD, and what stands for none, that a supernova may have."""
NOTHING = ("Unknown", "Transient", "")
MPC, CANDIDATE = 3, 2
"""Values of `roid`."""
LONGEST_D, LEAST_SCORE, LEAST_CLASSTAR = 90.0, 0.5, 0.4


def classifications(columns: Mapping[str, pa.ChunkedArray], n: int) -> list[str]:
    """The class of each of n alerts in tracklets.

    Parameters
    ----------
    columns : by the broker's names; one that is absent or null says nothing
    """

    def number(name: str) -> np.ndarray:
        if name not in columns or pa.types.is_string(columns[name].type):
            return np.full(n, np.nan)
        return columns[name].to_pandas().to_numpy(float, na_value=np.nan)

    given = columns["d:cdsxmatch"].to_pylist() if "d:cdsxmatch" in columns else [None] * n
    roid = number("d:roid")
    supernova = (
        (number("d:snn_snia_vs_nonia") > LEAST_SCORE) | (number("d:snn_sn_vs_all") > LEAST_SCORE)
    ) & (number("i:jd") - number("i:jdstarthist") <= LONGEST_D)
    supernova &= (number("i:drb") > LEAST_SCORE) & (number("i:classtar") > LEAST_CLASSTAR)
    supernova &= (number("i:ndethist") > 1) & (roid != MPC)
    supernova &= np.array([name in HOSTS for name in given], dtype=bool)
    flags = (number("d:mulens") > 0).astype(int) + supernova + (roid == MPC) + (roid == CANDIDATE)
    found = np.where(roid == MPC, "Solar System MPC", "Tracklet")
    found = np.where(flags > 1, "Ambiguous", found)
    return [
        name if name and of_simbad(name) else str(one)
        for name, one in zip(given, found, strict=True)
    ]


def of_simbad(name: str) -> bool:
    """Whether the cross-match found something that makes the alert's class."""
    return not (name in NOTHING or name.startswith(("Fail", "Galaxy")))

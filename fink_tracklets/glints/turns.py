"""From a comb of flashes to the period of the turn: which of its teeth belong together?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import fisher_exact, ttest_ind

from fink_tracklets.glints.periods import MOST_SERIES, Comb

Array = NDArray[np.float64]

MOST_TEETH = 8
"""Most teeth of a comb in one turn, where most of them never flash."""


def turn(mag: Array, comb: Comb, max_chance: float) -> tuple[int, float | None]:
    """How many spacings of a comb are a period.

    Parameters
    ----------
    mag : (n,) magnitudes of the flashes; NaN where not known
    comb : of these flashes
    max_chance : of what is seen, were one spacing the period

    Returns
    -------
    Spacings in a period, and the interpulse's phase (None: there is none).
    """
    return unseen(comb, max_chance) or alternation(mag, comb, max_chance)


def unseen(comb: Comb, max_chance: float) -> tuple[int, float] | None:
    """Whether only one to three of m neighbouring teeth flash, m from 3: the period is m spacings.

    Were each tooth as likely to flash, k flashes would all lie on the teeth of r of the m kinds of
    each series with the probability C(n_r, k) / C(n, k), n_r of all n teeth being of these kinds.
    """
    # The teeth that flash, and all from the first to the last, of each series.
    teeth = [np.unique(comb.tooth[comb.series == k]) for k in range(len(comb.phases))]
    every = [np.arange(tooth[0], tooth[-1] + 1) for tooth in teeth]
    n, flashes = sum(map(len, every)), sum(map(len, teeth))
    best, least = None, np.log(max_chance)
    for m in range(3, MOST_TEETH + 1):
        # The r kinds of teeth, modulo m, that flash at all; how many teeth are of these kinds.
        kinds = [np.unique(tooth % m, return_counts=True) for tooth in teeth]
        r = sum(len(kind) for kind, _ in kinds)
        if not 1 < r <= MOST_SERIES:
            continue
        of_kinds = sum(
            int(np.isin(some % m, kind).sum()) for some, (kind, _) in zip(every, kinds, strict=True)
        )

        # The chance of that, times the number of ways to choose r kinds and of values of m.
        chance = _log_choose(of_kinds, flashes) - _log_choose(n, flashes)
        chance += _log_choose(m * len(teeth), r) + np.log(MOST_TEETH - 2)
        if chance <= least:
            # The interpulse: how far the two fullest kinds are apart, in turns.
            place = np.concatenate(
                [kind + after for (kind, _), after in zip(kinds, comb.phases, strict=True)]
            )
            fullest = np.argsort(-np.concatenate([c for _, c in kinds]), kind="stable")[:2]
            shift = float(np.ptp(place[fullest])) / m % 1
            best, least = (m, min(shift, 1 - shift)), chance
    return best


def _log_choose(n: int, k: int) -> float:
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def alternation(mag: Array, comb: Comb, max_chance: float) -> tuple[int, float | None]:
    """Whether every other flash of a comb is the brighter: then the period is two spacings.

    In each of its series the mean magnitudes of even and odd teeth are compared by the test of
    Welch, and their numbers by that of Fisher: the fainter ones may be unseen.

    Returns
    -------
    Spacings in a period, and the interpulse's phase (0.5 where brightness alternates).
    """
    n_series = comb.series.max() + 1
    for series in range(n_series):
        # How many even and odd teeth flash, and how many do not.
        of_it = comb.series == series
        tooth = comb.tooth[of_it]
        odd = tooth % 2 == 1
        possible = np.arange(tooth.min(), tooth.max() + 1) % 2
        seen = [np.count_nonzero(~odd), np.count_nonzero(odd)]
        table = [seen, [max(0, np.sum(possible == k) - seen[k]) for k in (0, 1)]]
        # Do the two kinds flash equally often, and equally brightly?
        chances = [fisher_exact(table).pvalue]
        if min(seen) > 1:
            even_mag, odd_mag = mag[of_it][~odd], mag[of_it][odd]
            chances.append(ttest_ind(even_mag, odd_mag, equal_var=False).pvalue)
        if np.nanmin(chances) * n_series <= max_chance:
            return 2, 0.5 if min(seen) or comb.interpulse is None else comb.interpulse / 2
    return 1, comb.interpulse

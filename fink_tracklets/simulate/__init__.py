"""Skies with known truth: a simulated ZTF night, and bare exposures for tests of the finder.

Nothing in here knows how tracklets are found.
"""

from fink_tracklets.simulate.fields import random_exposures
from fink_tracklets.simulate.night import SimulatedNight, simulate_night

__all__ = ["SimulatedNight", "random_exposures", "simulate_night"]

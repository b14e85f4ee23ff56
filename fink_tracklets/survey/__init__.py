"""What makes a survey that survey, as data: `load_survey("ztf")` reads conf/ztf.toml."""

from fink_tracklets.survey.finder import FinderLimits
from fink_tracklets.survey.packet import CANONICAL, Carry, Columns, Cut, StandIn, TimeConvention
from fink_tracklets.survey.survey import Site, Survey, known_surveys, load_survey

__all__ = [
    "CANONICAL",
    "Carry",
    "Columns",
    "Cut",
    "FinderLimits",
    "Site",
    "StandIn",
    "Survey",
    "TimeConvention",
    "known_surveys",
    "load_survey",
]

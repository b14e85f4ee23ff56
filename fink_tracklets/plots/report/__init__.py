"""The report of a span of nights: the papers' figures and one page with all of it."""

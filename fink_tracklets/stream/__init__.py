"""Tracklets while the night runs: a stream of alerts in, names of tracklets out."""

"""The physics of the flashes: stamps, periods, durations, magnitudes, light curves, evidence."""

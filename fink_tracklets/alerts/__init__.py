"""The night's alerts: where they are, the survey's cuts, the candidates of each exposure."""

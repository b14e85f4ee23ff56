"""Pictures (needs the extra `plot`, matplotlib)."""

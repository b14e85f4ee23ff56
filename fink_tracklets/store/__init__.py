"""Where the tables go and come from."""

"""The end-of-night job: its stages in order, and the tables that they make."""

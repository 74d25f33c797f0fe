"""A replay in units: one recording, or a stretch of it, each run on its own and then merged."""

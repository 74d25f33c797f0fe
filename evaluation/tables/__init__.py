"""Runs as tables: frames and events of many runs, for questions in SQL."""

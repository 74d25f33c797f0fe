"""Replay, metrics and reports."""

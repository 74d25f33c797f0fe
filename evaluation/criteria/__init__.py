"""Scenario criteria: what a run must show to pass, as a file that engineers write."""

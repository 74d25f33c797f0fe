"""What the scene means: monitors, risk, level, explanations.  Pure functions; time is an argument."""

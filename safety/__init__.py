"""What the scene means: monitors, risk, level, explanations.  Pure; time is an argument."""

"""The monitors: each looks at one thing in the scene and says what speaks against calm.

Codes and what becomes of them: safety.event_table.  Points and thresholds: safety.config.
"""

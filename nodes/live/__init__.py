"""The running system, measured from outside: real processes, a camera at full rate."""

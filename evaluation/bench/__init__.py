"""What everything costs on this machine, told as ratios of figures that were taken in one run."""

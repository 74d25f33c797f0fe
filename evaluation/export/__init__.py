"""From weights to a graph for another runtime, through a gate: it must agree with torch first."""

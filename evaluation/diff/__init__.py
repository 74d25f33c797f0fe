"""Two runs over the same frames: what changed, by how much, and where most."""

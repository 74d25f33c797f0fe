"""The networks, one file per paper, and the weights that ship."""

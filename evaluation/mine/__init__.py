"""Hard clips out of runs: what is worth looking at, labelling, and training on."""

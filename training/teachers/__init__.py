"""Published networks that label what nobody labelled: read for training only, never shipped."""

"""Published networks that label what nobody labelled; read from the data folder, never shipped."""

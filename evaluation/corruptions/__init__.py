"""Frames that no healthy camera delivers, made from frames that one did."""

"""The streaming core: a Frame goes in, a Scene comes out."""

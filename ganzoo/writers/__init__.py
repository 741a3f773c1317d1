"""How samples are written, by their kind: images, points."""

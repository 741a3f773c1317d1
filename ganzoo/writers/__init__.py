"""Writing samples, by their kind: images and points."""

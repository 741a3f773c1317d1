"""Papers' protocols: train what they compare, measure it, lay it beside what they print."""

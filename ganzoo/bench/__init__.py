"""Papers' protocols: train and measure what they compare, beside their published figures."""

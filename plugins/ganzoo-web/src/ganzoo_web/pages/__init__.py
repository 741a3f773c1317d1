"""Pages of models: a folder that draws in the browser, with nothing from a network."""

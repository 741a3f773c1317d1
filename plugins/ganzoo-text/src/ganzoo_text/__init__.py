"""Text, character by character: data, networks, figures and a writer, as a plugin of ganzoo."""

"""What this plugin offers. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1

#: What `ganzoo check` builds the data sets with; few, since faces take seconds to decode.
ganzoo_examples = {
    "dataset/letters": [{}, {"split": "test", "view": "alphabet"}],
    "dataset/pixel-faces": [
        {},
        {"split": "test", "size": 32, "attribute": "hair"},
        {"split": "test", "attributes": ["hair", "hatColor"]},
    ],
    "dataset/faces": {"split": "test", "size": 32, "attribute": "glasses"},
}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Drawings that lie in this package."""
    return {
        "faces": "ganzoo_art.portraits:Faces",
        "letters": "ganzoo_art.letters:Letters",
        "pixel-faces": "ganzoo_art.portraits:PixelFaces",
    }


@hookimpl
def ganzoo_writers() -> dict[str, str]:
    """Whole alphabets, a line each."""
    return {"alphabet": "ganzoo_art.letters:write_alphabets"}

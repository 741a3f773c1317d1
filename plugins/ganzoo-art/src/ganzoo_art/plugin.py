"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1

#: What `ganzoo check` builds them with; few data sets, since faces take seconds to decode.
ganzoo_examples = {
    "dataset/letters": [{}, {"split": "test", "view": "alphabet"}],
    "dataset/pixel-faces": [
        {},
        {"split": "test", "size": 32, "attribute": "hair"},
        {"split": "test", "attributes": ["hair", "hatColor"]},
    ],
    "dataset/faces": {"split": "test", "size": 32, "attribute": "glasses"},
    "extractor/cnn-faces": [{}, {"model": "glasses"}],
    "extractor/cnn-pixel-faces": [{}, {"model": "glasses"}],
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
def ganzoo_extractors() -> dict[str, str]:
    """Networks that know these drawings; `ae-*` never saw a label and are the controls."""
    return {
        "ae-faces": "ganzoo_art.extractors:ae_faces",
        "ae-letters": "ganzoo_art.extractors:ae_letters",
        "ae-pixel-faces": "ganzoo_art.extractors:ae_pixel_faces",
        "cnn-faces": "ganzoo_art.extractors:cnn_faces",
        "cnn-letters": "ganzoo_art.extractors:cnn_letters",
        "cnn-pixel-faces": "ganzoo_art.extractors:cnn_pixel_faces",
        "style-letters": "ganzoo_art.extractors:style_letters",
    }


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """Figures that only drawings have."""
    return {
        "face-shares": "ganzoo_art.figures:FaceShares",
        "one-style": "ganzoo_art.figures:OneStyle",
        "palette": "ganzoo_art.figures:Palette",
        "pixel-face-shares": "ganzoo_art.figures:PixelFaceShares",
        "right-letter": "ganzoo_art.figures:RightLetter",
        "style-area": "ganzoo_art.figures:StyleArea",
    }


@hookimpl
def ganzoo_writers() -> dict[str, str]:
    """Whole alphabets, a line each."""
    return {"alphabet": "ganzoo_art.letters:AlphabetWriter"}

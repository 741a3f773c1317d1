"""The extractors in the package: frozen weights, read and checked like those of a model."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import CardError, did_you_mean
from ganzoo.extractors.networks import AutoencoderExtractor, ClassifierExtractor, EncoderExtractor
from ganzoo.interfaces import Extractor
from ganzoo.specs import GENERATOR_FILE
from ganzoo.specs.extractor import ExtractorConfig, read_extractor_config
from ganzoo.weights import load_weights
from ganzoo.weights.unfilled import built

FOLDER = Path(__file__).with_name("weights")
NETWORKS: dict[str, type[EncoderExtractor]] = {
    "autoencoder": AutoencoderExtractor,
    "classifier": ClassifierExtractor,
}


def open_folder(folder: Path) -> EncoderExtractor:
    """The extractor in a folder with config.json and model.safetensors."""
    config = read_extractor_config(folder / "config.json")
    network = built(lambda: build_network(config))
    load_weights(folder / GENERATOR_FILE, network, config.file, part=config.name)
    return network.eval().requires_grad_(False)


def build_network(config: ExtractorConfig) -> EncoderExtractor:
    """The untrained network that a config names."""
    kind = NETWORKS.get(config.network.name)
    if kind is None:
        raise CardError(
            f"extractor {config.name}: there is no network {config.network.name!r}; "
            f"{did_you_mean(config.network.name, NETWORKS)}"
        )
    return kind(name=config.name, **config.network.arguments)


def cnn_mnist() -> Extractor:
    """Trained on digits with their classes."""
    return open_folder(FOLDER / "cnn-mnist")


def cnn_fashion_mnist() -> Extractor:
    """Trained on articles with their classes."""
    return open_folder(FOLDER / "cnn-fashion-mnist")


def ae_mnist() -> Extractor:
    """Trained on digits without labels: the control of `cnn-mnist`."""
    return open_folder(FOLDER / "ae-mnist")


def ae_fashion_mnist() -> Extractor:
    """Trained on articles without labels: the control of `cnn-fashion-mnist`."""
    return open_folder(FOLDER / "ae-fashion-mnist")

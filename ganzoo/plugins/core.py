"""What the core itself offers, through the same hooks as every plugin."""

from __future__ import annotations

from pathlib import Path

from ganzoo.plugins.hookspecs import hookimpl

ganzoo_api = 1
#: What `ganzoo check` builds parts with.
ganzoo_examples = {
    "augmentation/ada": [{}, {"strength": 0.8, "target": None}],
    "schedule/cosine": [{"to": 0.0}, {"to": 0.0, "images": 50_000, "warmup": 5_000}],
    "schedule/inverse-sqrt": {"images": 50_000},
    "schedule/linear": {"to": 0.0},
}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The adversarial games that no plugin needs to bring."""
    return {
        "hinge": "ganzoo.losses:Hinge",
        "least-squares": "ganzoo.losses:LeastSquares",
        "minimax": "ganzoo.losses:Minimax",
        "non-saturating": "ganzoo.losses:NonSaturating",
        "relativistic": "ganzoo.losses:Relativistic",
    }


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data sets that everybody starts with."""
    return {
        "fashion-mnist": "ganzoo.data.mnist:FashionMNIST",
        "folder": "ganzoo.data.folder:FolderImages",
        "grid": "ganzoo.data.points:Grid",
        "mnist": "ganzoo.data.mnist:MNIST",
        "mnist-mini": "ganzoo.data.mnist:MNISTMini",
        "ring": "ganzoo.data.points:Ring",
        "stacked-mnist": "ganzoo.data.stacked_mnist:StackedMNIST",
    }


@hookimpl
def ganzoo_augmentations() -> dict[str, str]:
    """What lets few images last longer."""
    return {
        "ada": "ganzoo.augmentations.ada:Ada",
        "diffaugment": "ganzoo.augmentations:DiffAugment",
        "flip": "ganzoo.augmentations:Flip",
    }


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """How numbers move in the papers."""
    return {
        "constant": "ganzoo.schedules:Constant",
        "cosine": "ganzoo.schedules:Cosine",
        "inverse-sqrt": "ganzoo.schedules:InverseSqrt",
        "linear": "ganzoo.schedules:Linear",
    }


@hookimpl
def ganzoo_extractors() -> dict[str, str]:
    """Features to measure in: our own for 28x28, by classes and without, and what others know."""
    return {
        "ae-fashion-mnist": "ganzoo.extractors.shipped:ae_fashion_mnist",
        "ae-mnist": "ganzoo.extractors.shipped:ae_mnist",
        "cnn-fashion-mnist": "ganzoo.extractors.shipped:cnn_fashion_mnist",
        "cnn-mnist": "ganzoo.extractors.shipped:cnn_mnist",
        "inception-v3": "ganzoo.extractors.inception:InceptionV3",
        "timm": "ganzoo.extractors.pretrained:TimmFeatures",
    }


@hookimpl
def ganzoo_trackers() -> dict[str, str]:
    """Where figures and samples can be sent; each needs a library of its own."""
    return {
        "mlflow": "ganzoo.trackers.mlflow:MLflow",
        "tensorboard": "ganzoo.trackers.tensorboard:TensorBoard",
        "wandb": "ganzoo.trackers.wandb:WandB",
    }


@hookimpl
def ganzoo_writers() -> dict[str, str]:
    """How samples are written, by their kind."""
    return {
        "image": "ganzoo.writers.images:write_images",
        "points": "ganzoo.writers.points:write_points",
    }


@hookimpl
def ganzoo_cards() -> list[Path]:
    """The official models: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    places = (package / "zoo_cards", package.parent / "zoo_cards")
    return [place for place in places if place.is_dir()][:1]

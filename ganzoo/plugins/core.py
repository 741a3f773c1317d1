"""What the core offers, through the same hooks as every plugin."""

from __future__ import annotations

from pathlib import Path

from ganzoo.plugins.hookspecs import hookimpl

ganzoo_api = 1
#: Arguments with which `ganzoo check` builds parts.
ganzoo_examples = {
    "augmentation/ada": [
        {},
        {"strength": 0.8, "target": None},
        {"changes": {"blit": 1.0, "color": 0.5, "cutout": 1.0}, "strength": 0.8, "target": None},
    ],
    "schedule/cosine": [{"to": 0.0}, {"to": 0.0, "images": 50_000, "warmup": 5_000}],
    "schedule/exponential": {"to": 0.1},
    "schedule/inverse-sqrt": {"images": 50_000},
    "schedule/linear": {"to": 0.0},
}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The basic adversarial losses."""
    return {
        "hinge": "ganzoo.losses:Hinge",
        "least-squares": "ganzoo.losses:LeastSquares",
        "minimax": "ganzoo.losses:Minimax",
        "non-saturating": "ganzoo.losses:NonSaturating",
        "relativistic": "ganzoo.losses:Relativistic",
    }


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Small standard data sets, and folders of images."""
    return {
        "cifar10": "ganzoo.data.cifar:CIFAR10",
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
    """Augmentations for small data sets."""
    return {
        "ada": "ganzoo.augmentations.ada:Ada",
        "diffaugment": "ganzoo.augmentations:DiffAugment",
        "flip": "ganzoo.augmentations:Flip",
    }


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """Schedules from the papers."""
    return {
        "constant": "ganzoo.schedules:Constant",
        "cosine": "ganzoo.schedules:Cosine",
        "exponential": "ganzoo.schedules:Exponential",
        "inverse-sqrt": "ganzoo.schedules:InverseSqrt",
        "linear": "ganzoo.schedules:Linear",
    }


@hookimpl
def ganzoo_extractors() -> dict[str, str]:
    """Extractors: our own for 28x28 images, and pretrained ones."""
    return {
        "ae-fashion-mnist": "ganzoo.extractors.shipped:ae_fashion_mnist",
        "ae-mnist": "ganzoo.extractors.shipped:ae_mnist",
        "cnn-fashion-mnist": "ganzoo.extractors.shipped:cnn_fashion_mnist",
        "cnn-mnist": "ganzoo.extractors.shipped:cnn_mnist",
        "colours-and-edges": "ganzoo.extractors.fixed:ColoursAndEdges",
        "inception-v3": "ganzoo.extractors.inception:InceptionV3",
        "timm": "ganzoo.extractors.pretrained:TimmFeatures",
    }


@hookimpl
def ganzoo_trackers() -> dict[str, str]:
    """Experiment trackers, each of which needs its own library."""
    return {
        "mlflow": "ganzoo.trackers.mlflow:MLflow",
        "tensorboard": "ganzoo.trackers.tensorboard:TensorBoard",
        "wandb": "ganzoo.trackers.wandb:WandB",
    }


@hookimpl
def ganzoo_writers() -> dict[str, str]:
    """Writers of samples, by kind."""
    return {
        "image": "ganzoo.writers.images:ImageWriter",
        "points": "ganzoo.writers.points:PointsWriter",
    }


@hookimpl
def ganzoo_exporters() -> dict[str, str]:
    """Files of models for other programs."""
    return {
        "onnx": "ganzoo.exporters.onnx_file:export",
        "torch": "ganzoo.exporters.torch_program:export",
    }


@hookimpl
def ganzoo_cards() -> list[Path]:
    """The official models: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    places = (package / "zoo_cards", package.parent / "zoo_cards")
    return [place for place in places if place.is_dir()][:1]

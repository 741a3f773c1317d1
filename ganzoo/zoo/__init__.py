"""`load` and the `Model` that it returns."""

from ganzoo.zoo.load_model import load
from ganzoo.zoo.model import Model

__all__ = ["Model", "load"]

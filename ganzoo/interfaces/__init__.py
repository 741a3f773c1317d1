"""The interfaces: what generators, discriminators, losses, data sets and figures must provide.

N counts rows, D is the size of a latent, S the shape of one sample (C, H, W for images).
Tensors are float32; images and sound lie in [-1, 1].
"""

from ganzoo.interfaces.data import Dataset, OwnPictures
from ganzoo.interfaces.game import Augmentation, Draw, Loss, Player, Round, Schedule, Terms
from ganzoo.interfaces.measuring import Extractor, Figure, FigureInput, Tracker
from ganzoo.interfaces.players import Discriminator, Generator, StyleGenerator
from ganzoo.interfaces.writing import Legend, Writer

__all__ = [
    "Augmentation",
    "Dataset",
    "Discriminator",
    "Draw",
    "Extractor",
    "Figure",
    "FigureInput",
    "Generator",
    "Legend",
    "Loss",
    "OwnPictures",
    "Player",
    "Round",
    "Schedule",
    "StyleGenerator",
    "Terms",
    "Tracker",
    "Writer",
]

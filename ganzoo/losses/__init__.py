"""The core's losses, and the functions from which losses are composed."""

from ganzoo.losses.adversarial import (
    hinge_fake,
    hinge_generator,
    hinge_real,
    least_squares,
    logistic_fake,
    logistic_real,
    minimax_generator,
    non_saturating_generator,
    relativistic,
)
from ganzoo.losses.games import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    PenalisedLoss,
    Relativistic,
    scores,
)
from ganzoo.losses.penalties import (
    gradient_penalty,
    interpolate,
    norm,
    r1_penalty,
    r2_penalty,
    score_gradient,
    squared_norm,
)

__all__ = [
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "PenalisedLoss",
    "Relativistic",
    "gradient_penalty",
    "hinge_fake",
    "hinge_generator",
    "hinge_real",
    "interpolate",
    "least_squares",
    "logistic_fake",
    "logistic_real",
    "minimax_generator",
    "non_saturating_generator",
    "norm",
    "r1_penalty",
    "r2_penalty",
    "relativistic",
    "score_gradient",
    "scores",
    "squared_norm",
]

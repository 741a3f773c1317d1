"""Features of any images without trained weights, for pictures that no extractor was trained on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganzoo.data.picture_form import BRIGHTNESS
from ganzoo.errors import MetricError
from ganzoo.interfaces import Extractor

#: Cells along each side of an image, in each of which colours and edges are averaged.
CELLS = 4
#: The side at which coarse edges are taken: outlines, and not texture.
COARSE = 16
#: Edges weigh as much as colours: on photographs and drawings they vary about a fourth as much.
EDGE_WEIGHT = 4.0


class ColoursAndEdges(Extractor):
    """Images [N, 1, 3 or 4, H, W] in [-1, 1] of any size -> features [N, 80].

    In each of 4x4 cells: the mean red, green and blue, and the mean strength of edges at full size
    and at 16x16 pixels. Grey is repeated, and images with alpha are put on white. This is a
    descriptor of a scene's layout in the manner of Oliva and Torralba (2001), without orientations.
    It tells colours, layout and sharpness apart, and not what is drawn.
    """

    name = "colours-and-edges"
    feature_dim = CELLS**2 * 5
    caveat = (
        "colours-and-edges sees colours, layout and sharpness, not what is drawn; for the FID add "
        "--extractor inception-v3 (pip install 'ganzoo-core[fid]'; it fetches its weights once)"
    )

    def forward(self, samples: Tensor) -> Tensor:
        """Images [N, C, H, W] -> features [N, 80], cell by cell within each kind."""
        colours = on_white(samples, self.name)
        grey = (colours * colours.new_tensor(BRIGHTNESS)[:, None, None]).sum(1, keepdim=True)
        kinds = [colours, edges(grey), edges(adaptive_avg_pool2d(grey, COARSE))]
        return torch.cat([adaptive_avg_pool2d(kind, CELLS).flatten(1) for kind in kinds], dim=1)


def edges(grey: Tensor) -> Tensor:
    """The weighted size of the step to the right and below: [N, 1, H, W] -> [N, 1, H-1, W-1]."""
    across = (grey[..., :-1, 1:] - grey[..., :-1, :-1]).abs()
    down = (grey[..., 1:, :-1] - grey[..., :-1, :-1]).abs()
    return EDGE_WEIGHT * (across + down)


def on_white(images: Tensor, extractor: str) -> Tensor:
    """Images [N, 1, 3 or 4, H, W] -> [N, 3, H, W]; other samples are refused."""
    if images.dim() != 4 or images.shape[1] not in (1, 3, 4) or min(images.shape[2:]) < CELLS:
        raise MetricError(
            f"{extractor} takes images of 1, 3 or 4 channels and at least {CELLS}x{CELLS} pixels, "
            f"found samples of shape {list(images.shape[1:])}; choose another with --extractor"
        )
    if images.shape[1] == 4:
        colours, alpha = images[:, :3], (images[:, 3:] + 1) / 2
        return colours * alpha + (1 - alpha)
    return images.expand(-1, 3, -1, -1)

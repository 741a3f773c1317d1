"""Any of timm's pretrained networks as an extractor: `timm:resnet18.a1_in1k`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo.errors import MetricError, UsageError, WeightsError, did_you_mean, one_line
from ganzoo.hub.client import offline
from ganzoo.interfaces import Extractor
from ganzoo.weights.unfilled import built
from ganzoo.weights.untrusted import read_foreign

HUB_FILE = "model.safetensors"


class TimmFeatures(Extractor):
    """Images [N, 1 or 3, H, W] of any size -> what the model's classifier would see [N, F].

    Images are resized and normalised as in the model's training. `weights` is a safetensors file or
    a state dict, for machines without access to the Hugging Face Hub.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, model: str = "", weights: str | None = None) -> None:
        import timm

        super().__init__()
        if not model:
            raise UsageError("extractor 'timm': name a model, such as timm:resnet18.a1_in1k")
        if not timm.is_model(model):
            known = [*timm.list_models(), *timm.list_models(pretrained=True)]
            hint = did_you_mean(model, known, otherwise="timm.list_models() lists them")
            raise UsageError(f"timm has no model {model!r}; {hint}")
        self.name = f"timm:{model}"
        self.network = _untrained(model)
        about = cast(dict[str, Any], self.network.pretrained_cfg)
        path = Path(weights) if weights else fetched(model, about)
        _fill(self.network, read_foreign(path), about, path)
        channels, *self._size = about["input_size"]
        if channels != 3:
            raise UsageError(f"timm:{model} takes {channels} channels, images have 3")
        for name, key in (("mean", "mean"), ("deviation", "std")):
            channelwise = torch.tensor(about[key]).view(-1, 1, 1)
            self.register_buffer(name, channelwise, persistent=False)
        self._mode = "bilinear" if about["interpolation"] == "bilinear" else "bicubic"
        self.network.eval()
        with torch.no_grad():
            self.feature_dim = int(self.network(torch.zeros(1, 3, *self._size)).shape[-1])

    def forward(self, samples: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> features [N, F]; grey is repeated."""
        images = in_colour(samples, self.name).add(1).div(2)
        if list(images.shape[2:]) != self._size:
            images = interpolate(images, self._size, mode=self._mode, antialias=True).clamp(0, 1)
        features: Tensor = self.network(images.sub(self.mean).div_(self.deviation))
        return features


def _untrained(model: str) -> nn.Module:
    """The network without its classifier and with unfilled weights."""
    import timm

    try:
        network: nn.Module = built(lambda: timm.create_model(model, num_classes=0))
    except RuntimeError as error:  # no such tag
        tags = timm.list_pretrained(f"{model.partition('.')[0]}.*")
        hint = did_you_mean(model, tags, otherwise="its weights are: {}")
        reason = str(error).rstrip(".")
        raise UsageError(f"timm has no model {model!r} ({reason}); {hint}") from None
    return network


def in_colour(images: Tensor, extractor: str) -> Tensor:
    """Images [N, 1 or 3, H, W] -> [N, 3, H, W]: grey is repeated; other samples are refused."""
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        raise MetricError(
            f"{extractor} takes images of 1 or 3 channels, found samples of shape "
            f"{list(images.shape[1:])}; choose another with --extractor"
        )
    return images.expand(-1, 3, -1, -1)


def fetched(model: str, about: dict[str, Any]) -> Path:
    """The model's safetensors in the Hugging Face cache, fetched if they are absent."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    repository = about.get("hf_hub_id")
    if not repository:
        raise MetricError(
            f"timm lists no published weights for {model}; choose another tag, or give a file with "
            "--extractor-weights"
        )
    file = about.get("hf_hub_filename") or HUB_FILE
    if variable := offline():
        if isinstance(cached := try_to_load_from_cache(repository, file), str):
            return Path(cached)
        raise MetricError(
            f"the weights of timm:{model} are not in the cache, and {variable} forbids requests; "
            f"unset it, or get {file} of {repository} by other means and pass it with "
            "--extractor-weights"
        )
    try:
        return Path(hf_hub_download(repository, file))
    except Exception as error:
        raise MetricError(
            f"the weights of timm:{model} cannot be fetched from {repository} "
            f"({one_line(error)[:200]}); get {HUB_FILE} there by other means and pass the file "
            "with --extractor-weights"
        ) from None


def _fill(network: nn.Module, state: dict[str, Tensor], about: dict[str, Any], path: Path) -> None:
    """Load all that the network has; the file may also hold the classifier, which is not used."""
    try:
        keys = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} belongs to another network than timm's: {one_line(error)[:200]}"
        ) from None
    head = about.get("classifier") or ()
    heads = tuple(f"{name}." for name in ((head,) if isinstance(head, str) else head))
    extra = [name for name in keys.unexpected_keys if not name.startswith(heads)]
    for names, what in ((keys.missing_keys, "is missing"), (extra, "is not in it")):
        if names:
            raise WeightsError(
                f"{path} belongs to another network than timm's: {names[0]!r} {what}"
            )

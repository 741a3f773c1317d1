"""Inception-v3 and timm's networks as extractors: their real code, with weights made here.

Nothing is fetched: where that is tested, what would fetch is replaced.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.testing import assert_close

from ganzoo.errors import MetricError, UsageError, WeightsError
from ganzoo.extractors import inception, open_extractor, pretrained
from ganzoo.measure.figures import BY_KEY
from measuring import digits

TIMM = "test_resnet"


def lively(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """Its weights, drawn so that features are of order 1 and far apart (He et al. 2015)."""
    rng = torch.Generator().manual_seed(seed)
    state = network.state_dict()
    for name, tensor in state.items():
        if tensor.dim() == 4:
            scale = (2 / tensor[0].numel()) ** 0.5
            state[name] = torch.randn(tensor.shape, generator=rng) * scale
    return state


# --- timm's -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    """A small network of timm's, without its classifier."""
    network = timm.create_model(TIMM)
    network.load_state_dict(lively(network))
    return network.eval()


@pytest.fixture(scope="module")
def resnet_file(resnet, tmp_path_factory) -> Path:
    """Its weights with the classifier, as they are published."""
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(resnet.state_dict(), path)
    return path


def pooled(network: nn.Module, images: Tensor) -> Tensor:
    """Features of images in [0, 1], by the network itself."""
    about = network.pretrained_cfg
    mean, std = (torch.tensor(about[key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.no_grad():
        return network.forward_head(
            network.forward_features((images - mean) / std), pre_logits=True
        )


def test_timms_features_are_those_before_the_classifier(resnet, resnet_file):
    extractor = open_extractor(f"timm:{TIMM}", weights=resnet_file)
    rng, size = torch.Generator().manual_seed(0), resnet.pretrained_cfg["input_size"][1:]
    images = torch.rand(2, 3, *size, generator=rng) * 2 - 1
    found = extractor(images)
    assert_close(found, pooled(resnet, (images + 1) / 2))
    assert (found[0] - found[1]).abs().max() > 0.01
    assert (extractor.name, extractor.feature_dim) == (f"timm:{TIMM}", resnet.num_features)
    assert (extractor.sample_shape, extractor.num_classes) == (None, None)
    assert not extractor.training and not any(p.requires_grad for p in extractor.parameters())


def test_timms_networks_take_grey_images_of_any_size(resnet, resnet_file):
    extractor, grey = open_extractor(f"timm:{TIMM}", weights=resnet_file), digits()[:2]
    assert_close(extractor(grey), extractor(grey.repeat(1, 3, 1, 1)))
    size = resnet.pretrained_cfg["input_size"][1:]
    large = nn.functional.interpolate(
        (grey.repeat(1, 3, 1, 1) + 1) / 2, size, mode="bilinear", antialias=True
    )
    assert_close(extractor(grey), pooled(resnet, large))


def test_loading_timms_leaves_the_callers_random_state(resnet_file):
    before = torch.get_rng_state()
    open_extractor(f"timm:{TIMM}", weights=resnet_file)
    assert torch.equal(torch.get_rng_state(), before)


def test_timms_weights_may_come_without_a_classifier_or_as_a_checkpoint(
    resnet, resnet_file, tmp_path, monkeypatch
):
    state = {name: t for name, t in resnet.state_dict().items() if not name.startswith("fc.")}
    save_file(state, tmp_path / "headless.safetensors")
    one = open_extractor(f"timm:{TIMM}", weights=tmp_path / "headless.safetensors")
    read = []
    monkeypatch.setattr(pretrained, "read_foreign", lambda path: read.append(path) or state)
    two = open_extractor(f"timm:{TIMM}", weights=tmp_path / "model.pth")
    assert read == [tmp_path / "model.pth"]
    assert torch.equal(one(digits()[:1]), two(digits()[:1]))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda state: state.pop("layer1.0.conv1.weight"), r"'layer1.0.conv1.weight' is missing"),
        (lambda state: state.update(extra=torch.ones(1)), "'extra' is not in it"),
        (lambda state: state.update(fc_norm=torch.ones(1)), "'fc_norm' is not in it"),
        (lambda state: state.update({"bn1.bias": torch.ones(5)}), "size mismatch for bn1.bias"),
    ],
)
def test_weights_of_another_network_are_refused_by_name(resnet, tmp_path, change, text):
    state = resnet.state_dict()
    change(state)
    path = tmp_path / "model.safetensors"
    save_file(state, path)
    with pytest.raises(WeightsError, match=rf"tensors belongs to another network .*{text}"):
        open_extractor(f"timm:{TIMM}", weights=path)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("resnt18", "timm has no model 'resnt18'; did you mean 'resnet18'"),
        (f"{TIMM}.foo", f"no model '{TIMM}.foo' .*; did you mean '{TIMM}.r160_in1k'"),
        ("zzzzz", r"no model 'zzzzz'; timm.list_models\(\) lists them"),
    ],
)
def test_an_unknown_model_suggests_a_near_one(model, text):
    with pytest.raises(UsageError, match=text):
        open_extractor(f"timm:{model}")


@pytest.mark.parametrize("variable", ["GANZOO_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_asked_and_what_is_cached_is_used(
    variable, monkeypatch, tmp_path, resnet_file
):
    monkeypatch.setenv("GANZOO_OFFLINE", "1" if variable == "GANZOO_OFFLINE" else "")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", variable == "HF_HUB_OFFLINE")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MetricError, match=f"not in the cache, and {variable} forbids requests; un"):
        open_extractor(f"timm:{TIMM}")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: str(resnet_file))
    assert open_extractor(f"timm:{TIMM}").feature_dim > 0


def test_weights_that_cannot_be_fetched_are_one_line_that_helps(monkeypatch):
    def unreachable(repository: str, file: str) -> str:
        raise OSError("the network is unreachable")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", unreachable)
    with pytest.raises(MetricError) as refused:
        open_extractor(f"timm:{TIMM}")
    text = str(refused.value)
    assert text.startswith(f"the weights of timm:{TIMM} cannot be fetched from timm/{TIMM}.r160_in")
    assert text.endswith("pass the file with --extractor-weights")
    assert "\n" not in text


def test_weights_that_are_fetched_are_those_of_the_models_repository(monkeypatch, resnet_file):
    asked = []

    def download(repository: str, file: str) -> str:
        asked.append((repository, file))
        return str(resnet_file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    open_extractor(f"timm:{TIMM}")
    assert asked == [(f"timm/{TIMM}.r160_in1k", "model.safetensors")]


def test_a_model_without_published_weights_asks_for_a_file():
    with pytest.raises(
        MetricError, match="lists no published weights for resnet18; choose another"
    ):
        pretrained.fetched("resnet18", {})


def test_a_model_of_other_channels_than_images_is_refused(resnet_file, monkeypatch):
    network = timm.create_model(TIMM, in_chans=5, num_classes=0)
    monkeypatch.setattr(pretrained, "_untrained", lambda model: network)
    monkeypatch.setattr(pretrained, "read_foreign", lambda path: network.state_dict())
    network.pretrained_cfg["input_size"] = (5, 32, 32)
    with pytest.raises(UsageError, match="takes 5 channels, images have 3"):
        open_extractor(f"timm:{TIMM}", weights=resnet_file)


@pytest.mark.parametrize("shape", [(2, 2, 28, 28), (2, 4, 28, 28), (2, 2), (2, 5, 3, 8, 8)])
def test_what_is_no_image_is_refused(resnet_file, shape):
    extractor = open_extractor(f"timm:{TIMM}", weights=resnet_file)
    with pytest.raises(MetricError, match=f"timm:{TIMM} takes images of 1 or 3 channels, found"):
        extractor(torch.zeros(shape))


# --- Inception-v3 -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network(torch_fidelity) -> nn.Module:
    """torch-fidelity's network with weights that were drawn, not learnt."""
    with pytest.MonkeyPatch.context() as patch:
        empty = torch_fidelity.FeatureExtractorInceptionV3
        patch.setattr(torch_fidelity, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(empty, "load_state_dict", lambda self, state: None)
        made = empty("inception-v3", ["2048"])
    made.load_state_dict(lively(made))
    return made


@pytest.fixture(scope="module")
def torch_fidelity():
    return pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "weights.safetensors"
    save_file(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def extractor(weights) -> inception.InceptionV3:
    return open_extractor("inception-v3", weights=weights)


def test_inceptions_features_are_pool3_of_torch_fidelitys_bytes(network, extractor):
    """Grey is repeated, [-1, 1] becomes 0 to 255, and a digit is enlarged by the network."""
    images = digits()[:2]
    (wanted,) = network((images + 1).mul(127.5).round().byte().repeat(1, 3, 1, 1))
    found = extractor(images)
    assert torch.equal(found, wanted)
    assert found.shape == (2, extractor.feature_dim) == (2, 2048)
    assert (found[0] - found[1]).abs().max() > 0.01
    assert extractor.name.startswith("inception-v3@") and extractor.sample_shape is None
    assert not extractor.training and not any(p.requires_grad for p in extractor.parameters())


def test_inceptions_weights_are_read_from_a_checkpoint_through_the_door(
    network, extractor, tmp_path
):
    torch.save(network.state_dict(), tmp_path / "weights.pth")  # noqa: TID251
    before = torch.get_rng_state()
    again = open_extractor("inception-v3", weights=tmp_path / "weights.pth")
    assert torch.equal(torch.get_rng_state(), before)
    one, two = extractor.state_dict(), again.state_dict()
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_weights_that_are_not_the_published_ones_are_told(weights, monkeypatch, caplog):
    """On them, no figure is called FID or KID."""
    begins = inception.sha256_of(weights)[:8]
    other = open_extractor("inception-v3", weights=weights)
    assert (
        f"of the published weights begins with 6726825d, this file's with {begins}" in caplog.text
    )
    assert BY_KEY["fd"].name(other.name) == f"FD (inception-v3@{begins})"
    assert BY_KEY["kd"].name(other.name) == f"KD (inception-v3@{begins})"
    caplog.clear()
    monkeypatch.setattr(inception, "SHA256_BEGINS", begins)
    published = open_extractor("inception-v3", weights=weights)
    assert caplog.text == ""
    assert [BY_KEY[key].name(published.name) for key in ("fd", "kd")] == ["FID", "KID"]


def test_weights_of_another_network_than_inception_are_refused(torch_fidelity, resnet_file):
    loader = torch_fidelity.load_state_dict_from_url
    with pytest.raises(
        WeightsError, match="model.safetensors does not hold torch-fidelity.s Incep"
    ):
        open_extractor("inception-v3", weights=resnet_file)
    assert torch_fidelity.load_state_dict_from_url is loader


def test_without_torch_fidelity_the_line_says_what_to_install(monkeypatch, weights):
    monkeypatch.setattr(inception, "MODULE", "torch_fidelity_is_absent.network")
    with pytest.raises(MetricError, match=r"inception-v3 needs .*: pip install torch-fidelity$"):
        open_extractor("inception-v3", weights=weights)


# --- Fetching its weights ---------------------------------------------------------------------


URL = "https://example.com/v1/weights-6726825d.pth"


@pytest.fixture
def download(monkeypatch):
    """Replace the download by one of given bytes: the calls."""

    def serve(data: bytes | Exception) -> list[str]:
        asked: list[str] = []

        def write(url: str, folder: str, name: str) -> None:
            asked.append(url)
            if isinstance(data, Exception):
                raise data
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(data)

        monkeypatch.setattr("torchvision.datasets.utils.download_url", write)
        return asked

    return serve


def test_inceptions_weights_are_fetched_once_and_kept(cache, download, monkeypatch):
    monkeypatch.setattr(inception, "SHA256_BEGINS", hashlib.sha256(b"weights").hexdigest()[:8])
    asked = download(b"weights")
    file = cache / "extractors" / "weights-6726825d.pth"
    assert inception.fetched(URL) == inception.fetched(URL) == file
    assert (file.read_bytes(), asked) == (b"weights", [URL])


def test_fetched_weights_of_another_hash_are_removed(cache, download):
    asked = download(b"another")
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"sha256 6726825d\.\.\. expected, .* was removed"):
            inception.fetched(URL)
    assert not (cache / "extractors" / "weights-6726825d.pth").exists()
    assert len(asked) == 2


def test_without_a_network_the_line_says_what_to_do(cache, download, torch_fidelity):
    download(OSError("the network\nis unreachable"))
    with pytest.raises(MetricError) as refused:
        open_extractor("inception-v3")
    assert str(refused.value) == (
        "the weights of inception-v3 cannot be fetched (OSError: the network is unreachable); get "
        f"{torch_fidelity.URL_INCEPTION_V3} elsewhere and pass the file with --extractor-weights"
    )

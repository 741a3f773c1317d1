"""Every published model, parametrised over the zoo: a new one is tested by being there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.build import parts_in_arguments
from ganzoo.cards import catalogue
from ganzoo.plugins.core import ganzoo_cards
from ganzoo.specs import GENERATOR_FILE
from ganzoo.specs.readme import prose_of

OFFICIAL = sorted(path.parent.name for path in ganzoo_cards()[0].glob("*/config.json"))
MAX_FILE_BYTES = 8_000_000  # of a player
#: Real letters and pairs are measured on first use, a minute; text's and music's figures need
#: 10,000 samples; the faces have the figures of dcgan-pixel-faces.
LONG = (
    *("dcgan-letters", "gumbel-surnames", "harmonise-chorales", "inpaint-faces"),
    *("colour-pixel-faces", "cyclegan-faces", "musegan-chorales", "dcgan-faces"),
    *("dcgan-faces-64", "stylegan2-faces", "stylegan2-pixel-faces"),
)
#: Figures of each kind that are looked for, the card's first one first.
FIGURES = {
    "alphabet": ("PSNR",),
    "music": ("chords", "new bars"),
    "text": ("JS-4", "novelty"),
}
#: Samples of a check, where they are not 10,000.
CHECKED = {"alphabet-letters": 2_000}
#: Figures that real samples have none of: they ask the model for pairs.
OF_A_MODEL = ("one style", "style told apart", "latent diversity", "way back")
#: Figures of samples beside their targets, which real samples have none of.
OF_PAIRS = ("PSNR", "SSIM", "target distance (cnn-faces)", "target distance (cnn-pixel-faces)")


@pytest.fixture(params=OFFICIAL)
def card(request):
    return ganzoo.card(request.param)


def is_told_a_picture(card) -> bool:
    """Whether its conditions are pictures, and no classes."""
    return card.data in ("pairs", "unpaired")


def test_the_zoo_has_its_first_models():
    expected = {
        "dcgan-fashion-mnist",
        "dcgan-mnist",
        "vanilla-mnist",
        "wgan-gp-fashion-mnist",
        "wgan-gp-mnist",
        "wgan-mnist",
    }
    assert expected <= set(ganzoo.list_models())


def test_a_model_is_ready(card):
    assert card.status == "ready", card.problem


def test_the_card_is_complete(card):
    config = card.config
    assert config.name == card.folder.name
    assert config.description
    assert config.licenses.code and config.licenses.weights and config.licenses.data
    assert config.provenance.command.startswith("ganzoo train ")
    assert config.recipe.images <= config.provenance.images
    assert config.recipe.precision != "auto"
    told = {"conditions.safetensors"} if "condition_shape" in config.generator.arguments else set()
    assert set(config.files) == {"model.safetensors", "discriminator.safetensors"} | told
    assert config.fingerprint is not None
    assert (card.folder / shown(config)).is_file()


def shown(config):
    """The file of samples that a card shows."""
    return "samples.txt" if config.kind == "text" else "samples.png"


def test_every_figure_names_its_protocol_and_command(card):
    assert card.config.metrics
    for metric in card.config.metrics:
        assert metric.protocol and metric.command and metric.n > 0
        assert metric.spread is not None and metric.repeats >= 3
        assert metric.floor is not None or metric.name in OF_A_MODEL + OF_PAIRS
        assert len(metric.values) >= 3 or "One training seed" in prose_of(card.readme)
        values = metric.values or (metric.value,)
        assert metric.value == pytest.approx(sum(values) / len(values), rel=1e-4)
        assert metric.shipped in values


def test_the_shipped_seed_is_the_median_by_the_first_figure(card):
    first = card.config.metrics[0]
    assert first.name.startswith(FIGURES.get(card.config.kind, ("FD (cnn-",))[0])
    values = first.values or (first.value,)
    assert first.shipped == sorted(values)[len(values) // 2]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in OFFICIAL],
)
def test_the_weights_score_what_the_card_claims(name, capsys):
    """At few samples, from the package's statistics of real samples where it has them."""
    own = FIGURES.get(ganzoo.card(name).config.kind)
    code = commands.ganzoo(
        "check", name, "--metrics", "-n", CHECKED.get(name, 10_000 if own else 1000)
    )
    said = capsys.readouterr().out
    assert code == 0, said
    in_features = ("FD", "KD", "precision", "recall", "density", "coverage", "class KL")
    for figure in own or in_features:
        assert figure in said


def test_the_readme_is_a_persons(card):
    prose = prose_of(card.readme)
    for heading in ("## Use", "## How it was trained", "## Figures", "## Limits"):
        assert heading in prose
    assert shown(card.config) in prose


def test_the_readme_states_the_cards_figures(card):
    prose = prose_of(card.readme)
    for metric in card.config.metrics:
        assert f"| {metric.name} | {metric.value:.4g} " in prose
        assert metric.command in prose


def test_the_front_matter_is_what_the_hub_reads(card):
    from huggingface_hub import ModelCard

    data = ModelCard.load(card.folder / "README.md", ignore_metadata_errors=False).data
    assert data["library_name"] == "ganzoo"
    assert data.license == card.config.licenses.weights.lower()
    conditional = bool(card.config.class_shares)
    told = conditional or card.config.condition_names
    unconditional = card.config.kind == "image" and not told
    task = "image-to-image" if is_told_a_picture(card) else "unconditional-image-generation"
    assert data.pipeline_tag == (task if unconditional else None)
    assert ("class-conditional" in data.tags) is conditional
    assert len(data.eval_results) == len(card.config.metrics)


def test_parts_are_stored_qualified_and_required(card):
    config = card.config
    parts = (config.generator, config.discriminator, config.recipe.loss, config.recipe.data)
    inner = parts_in_arguments(config)
    used = {part.name.partition("/")[0] for part in (*parts, *inner)}
    assert all("/" in part.name for part in parts)
    assert used - {"ganzoo"} == set(config.requires)


def test_files_are_small_and_of_two_million_parameters_at_most(card):
    for name, record in card.config.files.items():
        assert (card.folder / name).stat().st_size == record.bytes <= MAX_FILE_BYTES
    assert max(card.config.parameters.values()) <= 2_000_000


def test_the_weights_are_those_of_the_card(card):
    model = ganzoo.load(card.name)
    assert model.discriminator is not None
    counted = {
        "generator": sum(p.numel() for p in model.generator.parameters()),
        "discriminator": sum(p.numel() for p in model.discriminator.parameters()),
    }
    assert counted == dict(card.config.parameters)


def test_samples_are_those_of_the_fingerprint(card):
    images, kept = ganzoo.load(card.name).sample(64, seed=0), card.config.fingerprint
    assert_close(float(images.mean()), kept.mean, atol=kept.tolerance, rtol=0)
    assert_close(float(images.std()), kept.std, atol=kept.tolerance, rtol=0)
    means = images[: len(kept.means)].flatten(1).mean(1)
    assert_close(means, torch.tensor(kept.means), atol=kept.tolerance, rtol=0)


def test_samples_keep_their_promises(card):
    """Latents to the bit and images to 1e-5, over n, batch, threads and the caller's own draws."""
    model = ganzoo.load(card.name)
    whole = model.sample(130, seed=5)
    torch.rand(3)
    assert torch.equal(model.sample(130, seed=5), whole)
    assert torch.equal(model.latents(70, seed=5), model.latents(130, seed=5)[:70])
    assert torch.equal(model.latents(9, seed=5, start=60), model.latents(130, seed=5)[60:69])
    assert_close(model.sample(1, seed=5), whole[:1], atol=1e-5, rtol=0)
    assert_close(model.sample(130, seed=5, batch=17), whole, atol=1e-5, rtol=0)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        assert_close(model.sample(130, seed=5), whole, atol=1e-5, rtol=0)
    finally:
        torch.set_num_threads(threads)


def test_samples_are_in_range_and_no_twins(card):
    conditional = "condition_shape" in card.config.generator.arguments
    own = 64 if conditional else 256  # a condition's samples may be alike
    images = ganzoo.load(card.name).sample(own, seed=1)
    if card.config.kind == "text":
        assert set(images.unique().tolist()) == {0.0, 1.0}
        assert len(set(ganzoo.load(card.name).lines(256, seed=1))) > 230
        return
    if card.config.kind == "music":
        assert set(images.unique().tolist()) == {0.0, 1.0}
        assert len({piece.numpy().tobytes() for piece in images}) > 0.97 * own
        return
    side = card.config.generator.arguments.get("size", 28)
    channels = {"letters": 1, "faces": 3, "pixel-faces": 3, "unpaired": 3}
    channels["pairs"] = 26 if card.config.kind == "alphabet" else 3
    assert images.shape == (own, channels.get(card.data, 1), side, side)
    assert -1.0 <= float(images.min()) < -0.9
    assert 0.9 < float(images.max()) <= 1.0
    distances = torch.cdist(images.flatten(1), images.flatten(1)).fill_diagonal_(torch.inf)
    assert float(distances.min()) > 0.5  # twins would be at nearly 0


def test_the_discriminator_tells_its_samples_from_digits(card):
    """Real digits score higher on average, on test images that it never saw."""
    from ganzoo.data.mnist import MNISTMini

    if card.data != "mnist":
        return  # no other real images are in the package
    real, labels = MNISTMini("test").batch(torch.arange(500))
    assert mean_score(card, real, labels) > mean_score(card, *drawn(card))


def drawn(card):
    """500 samples, of classes in turn where the model is told the class."""
    model = ganzoo.load(card.name)
    classes = model.generator.num_classes
    labels = None if classes is None else torch.arange(500) % classes
    return model.sample(500, seed=0, labels=labels), labels


def mean_score(card, images, labels):
    discriminator = ganzoo.load(card.name).discriminator
    with torch.no_grad():
        return float(discriminator(images, labels).mean())


def test_the_recipe_is_complete(card):
    """Nothing is left open in the file: the recipe that stands there is the one that was run."""
    from ganzoo.specs import write_record

    assert card.raw["recipe"] == write_record(card.config.recipe)


def test_the_recipe_can_be_trained_again(card):
    from ganzoo.engine.config import resolve

    again = resolve(card.raw, card.name)
    assert again.recipe == card.config.recipe
    assert again.generator == card.config.generator


def test_a_released_name_keeps_its_weights():
    released = json.loads((Path(__file__).parents[1] / "released.json").read_text())
    for version, models in released.items():
        for name, sha256 in models.items():
            record = ganzoo.card(name).config.files[GENERATOR_FILE]
            assert record.sha256 == sha256, f"{name} was published in {version}; take a new name"


def test_the_generated_parts_are_fresh(capsys):
    assert commands.ganzoo("cards", "build", "--check") == 0, capsys.readouterr().out


def test_every_official_model_needs_only_official_plugins():
    names = {name for card in catalogue().cards for name in card.config.requires}
    plugins = {path.name for path in (Path(__file__).parents[2] / "plugins").iterdir()}
    assert names <= plugins

"""Run with `python -m pytest` in this example's folder, installed or not."""

import os
import subprocess
import sys
import wave
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ganzoo_tones import listen, wav
from ganzoo_tones.game import PitchedRaLS
from ganzoo_tones.tones import LENGTH, PENTATONIC, RATE, Tones
from ganzoo_tones.wavegan import PhaseShuffle, WaveDiscriminator, WaveGenerator
from torch.nn import functional as F

import ganzoo


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_the_hooks_need_no_torch():
    code = "import sys, ganzoo_tones; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


class TestTones:
    def test_shapes_and_range(self):
        clips, labels = Tones().batch(torch.arange(500))
        assert clips.shape == (500, 1, LENGTH)
        assert clips.dtype == torch.float32
        assert 0.5 < clips.abs().max() <= 1
        assert labels.bincount().tolist() == [100] * 5

    def test_a_clip_is_a_function_of_its_index(self):
        data = Tones()
        clips, labels = data.batch(torch.arange(50))
        order = torch.randperm(50, generator=seeded(0))
        shuffled, relabelled = data.batch(order)
        assert torch.equal(shuffled, clips[order])
        assert torch.equal(relabelled, labels[order])
        alone, _ = Tones(length=60).batch(torch.tensor([7]))
        assert torch.equal(alone[0], clips[7])

    def test_it_plays_the_pitch_that_its_label_says(self):
        clips, labels = Tones().batch(torch.arange(100))
        window = torch.hann_window(LENGTH)
        power = torch.fft.rfft(clips[:, 0] * window, n=8 * LENGTH).abs()
        found = power.argmax(1) * RATE / (8 * LENGTH)
        assert (found - torch.tensor(PENTATONIC)[labels]).abs().max() < 2  # hertz

    def test_no_clip_stands_in_both_splits(self):
        train, test = (Tones(split=s).batch(torch.arange(200))[0][:, 0] for s in ("train", "test"))
        assert torch.cdist(train, test).min() > 0.1
        assert Tones(length=100).content_hash() != Tones(length=100, split="test").content_hash()

    @pytest.mark.parametrize("wrong", [{"split": "dev"}, {"pitches": [1_500.0]}, {"pitches": [0]}])
    def test_what_cannot_be_played(self, wrong):
        with pytest.raises(ValueError, match=r"split|pitches"):
            Tones(**wrong)


class TestListening:
    def test_real_clips_are_heard_for_what_they_are(self):
        clips, labels = Tones(split="test").batch(torch.arange(50))
        heard = listen.shares(clips)
        assert torch.equal(heard.argmax(1), labels)
        assert heard.amax(1).min() > 0.95
        assert listen.shares(torch.randn(50, 1, LENGTH)).max() < 0.2

    def test_it_says_how_clips_decay(self, capsys):
        listen.report("mine", *Tones().batch(torch.arange(100)))
        said = capsys.readouterr().out
        assert "mine: 100.0% play the pitch they should" in said
        assert len(said.splitlines()) == 4


class TestGenerator:
    def test_it_makes_clips(self):
        made = WaveGenerator(latent_dim=7)(torch.randn(3, 7), torch.tensor([0, 4, 2]))
        assert made.shape == (3, *Tones.sample_shape)
        assert made.abs().max() <= 1

    def test_two_of_a_latent_lie_on_the_circle(self):
        latents = WaveGenerator().sample_latents(100, rng=seeded(0))
        assert latents.shape == (100, 32)
        torch.testing.assert_close(latents[:, -2:].norm(dim=1), torch.ones(100))
        assert latents[:, :-2].std() == pytest.approx(1, abs=0.1)
        assert torch.equal(latents, WaveGenerator().sample_latents(100, rng=seeded(0)))

    def test_the_pitch_matters(self):
        net = WaveGenerator()
        latents = net.sample_latents(1, rng=seeded(0)).expand(2, -1)
        one, two = net(latents, torch.tensor([0, 1]))
        assert not torch.equal(one, two)


class TestDiscriminator:
    def test_it_scores_and_names(self):
        out = WaveDiscriminator().outputs(torch.randn(3, 1, LENGTH))
        assert out["scores"].shape == (3,)
        assert out["classes"].shape == (3, 5)

    def test_rows_are_judged_alone(self):
        net, clips = WaveDiscriminator().eval(), torch.randn(4, 1, LENGTH)
        torch.testing.assert_close(net(clips)[:1], net(clips[:1]))

    def test_all_parameters_learn_and_bear_a_penalty(self):
        net = WaveDiscriminator()
        out = net.outputs(Tones().batch(torch.arange(8))[0].requires_grad_())
        (out["scores"].sum() + out["classes"].square().sum()).backward()
        assert all(p.grad.abs().sum() > 0 for p in net.parameters())
        net.zero_grad()
        ganzoo.losses.r1_penalty(ganzoo.Player(net), torch.randn(4, 1, LENGTH)).sum().backward()
        assert net.layers[0].weight.grad.abs().sum() > 0


class TestPhaseShuffle:
    def test_rows_are_shifted_by_up_to_n_and_filled_by_reflection(self):
        x = torch.arange(10.0).expand(200, 3, 10)
        padded = F.pad(x[:1], (2, 2), mode="reflect")[0]
        shifts = [padded[:, at : at + 10] for at in range(5)]
        seen = {
            next(at for at, shift in enumerate(shifts) if torch.equal(row, shift))
            for row in PhaseShuffle(2)(x)
        }
        assert seen == {0, 1, 2, 3, 4}

    def test_it_draws_from_torchs_own_generator(self):
        """Ganzoo seeds it at every turn; a generator of its own would break resuming."""
        x, layer = torch.randn(9, 2, 16), PhaseShuffle(2)
        made = []
        for _ in range(2):
            torch.default_generator.manual_seed(3)
            made.append(layer(x))
        assert torch.equal(*made)
        assert not torch.equal(layer(x), made[0])

    def test_it_rests_in_evaluation(self):
        x = torch.randn(9, 2, 16)
        assert PhaseShuffle(2).eval()(x) is x
        assert PhaseShuffle(0)(x) is x


class Judge:
    """Scores a clip by its first sample; hears class 0."""

    def outputs(self, clips):
        return {"scores": clips[:, 0], "classes": torch.tensor([[50.0, 0.0]]).expand(len(clips), 2)}


class TestGame:
    def round(self, labels=(0, 0)):
        return SimpleNamespace(
            real=torch.tensor([[3.0], [1.0]]),
            fake=torch.tensor([[0.0], [1.0]]),
            labels=None if labels is None else torch.tensor(labels),
            discriminator=Judge(),
            due=lambda every: True,
            log=lambda name, values: None,
        )

    def test_the_discriminator_minimises_the_papers_squares(self):
        """Average scores are 2 and 0.5: (C(x_r) - 0.5 - 1)^2 and (C(x_f) - 2 + 1)^2."""
        terms = PitchedRaLS().discriminator(self.round())
        assert terms["real"].tolist() == [1.5**2, 0.5**2]
        assert terms["fake"].tolist() == [1.0, 0.0]

    def test_the_generator_minimises_them_the_other_way_round(self):
        terms = PitchedRaLS().generator(self.round())
        assert terms["fake"].tolist() == [3.0**2, 2.0**2]
        assert terms["real"].tolist() == [3.5**2, 1.5**2]

    def test_a_wrong_pitch_costs(self):
        for player in ("discriminator", "generator"):
            terms = getattr(PitchedRaLS(class_weight=2.0), player)(self.round(labels=(0, 1)))
            torch.testing.assert_close(terms["class"], torch.tensor([0.0, 100.0]))

    def test_the_discriminator_learns_pitches_from_real_clips_alone(self):
        assert set(PitchedRaLS().discriminator(self.round())) == {"real", "fake", "class"}

    def test_without_labels_it_says_so(self):
        with pytest.raises(ganzoo.GanzooError, match="give both networks num_classes"):
            PitchedRaLS().generator(self.round(labels=None))


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return frames.reshape(-1, file.getnchannels())


class TestWav:
    def test_clips_in_a_row(self, tmp_path):
        clips, _ = Tones().batch(torch.arange(3))
        assert wav.write_wav(clips, tmp_path / "deep" / "all.WAV") == [
            tmp_path / "deep" / "all.WAV"
        ]
        found = read(tmp_path / "deep" / "all.WAV")[:, 0] / 32_767
        assert np.abs(found - clips.flatten().numpy()).max() <= 0.5 / 32_767 + 1e-7

    def test_a_folder_of_clips_in_stereo(self, tmp_path):
        clips = torch.tensor([[[0.0, 1.0, 0.0], [0.0, -1.0, 2.0]]])
        (file,) = wav.write_wav(clips, tmp_path / "clips")
        assert file.name == "00000.wav"
        assert read(file).tolist() == [[0, 0], [32_767, -32_767], [0, 32_767]]

    def test_what_is_no_number_is_silence(self, tmp_path):
        (file,) = wav.write_wav(torch.full((1, 1, 4), torch.nan), tmp_path / "x.wav")
        assert not read(file).any()

    def test_another_format_is_refused(self, tmp_path):
        with pytest.raises(ganzoo.GanzooError, match=r"x\.mp3: sound is written as \.wav"):
            wav.write_wav(torch.zeros(1, 1, 4), tmp_path / "x.mp3")
        assert not list(tmp_path.iterdir())

    def test_a_failure_leaves_what_was_there(self, tmp_path, monkeypatch):
        wav.write_wav(torch.zeros(1, 1, 4), tmp_path / "x.wav")
        before = (tmp_path / "x.wav").read_bytes()

        def full(path, data):
            path.touch()
            raise OSError("disk full")

        monkeypatch.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(OSError, match="disk full"):
            wav.write_wav(torch.ones(1, 1, 4), tmp_path / "x.wav")
        assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]
        assert (tmp_path / "x.wav").read_bytes() == before

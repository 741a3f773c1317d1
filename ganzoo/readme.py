"""A model's README.md: front matter from config.json, above prose kept by hand."""

from __future__ import annotations

from ganzoo.errors import CardError
from ganzoo.specs import ModelConfig

FENCE = "---\n"
PIPELINES = {"image": "unconditional-image-generation", "audio": "text-to-audio"}


def front_matter(config: ModelConfig, name: str) -> str:
    """The YAML that the Hugging Face Hub reads, between its fences."""
    from huggingface_hub import EvalResult, ModelCardData

    data = config.recipe.data.name.rpartition("/")[2]
    results = [
        EvalResult(
            task_type=PIPELINES.get(config.kind, "other"),
            dataset_type=data,
            dataset_name=data,
            metric_type=metric.name,
            metric_value=metric.value,
            metric_name=f"{metric.name}, {metric.protocol}, n = {metric.n:,}",
        )
        for metric in config.metrics
    ]
    fields = ModelCardData(
        license=config.licenses.weights.lower() if config.licenses else None,
        library_name="ganzoo",
        pipeline_tag=PIPELINES.get(config.kind),
        tags=["gan", "generative-adversarial-network", name.partition("-")[0]],
        datasets=[data],
        model_name=name if results else None,
        eval_results=results or None,
    )
    return f"{FENCE}{fields.to_yaml()}\n{FENCE}"


def prose_of(readme: str) -> str:
    """What follows the front matter."""
    if not readme.startswith(FENCE):
        return readme
    _, end, prose = readme[len(FENCE) :].partition("\n" + FENCE)
    if not end:
        raise CardError("README.md: the front matter has no end; close it with a line '---'")
    return prose


def readme_of(config: ModelConfig, name: str, prose: str | None = None) -> str:
    """The whole README.md; without prose, a first one for a person to go on from."""
    if prose is None:
        prose = _first_prose(config, name)
    return front_matter(config, name) + "\n" + prose.lstrip("\n")


def _first_prose(config: ModelConfig, name: str) -> str:
    recipe = config.recipe
    return f"""# {name}

{config.description or "A model trained with ganzoo."}

![Samples of fixed latents](samples.png)

Generator `{config.generator.name}`, discriminator `{config.discriminator.name}`, loss
`{recipe.loss.name}`, trained on `{recipe.data.name}` for {recipe.images:,} images.
`config.json` holds the whole recipe.

```python
import ganzoo

model = ganzoo.load("path/to/this/folder/")
samples = model.sample(64, seed=0)
```
"""

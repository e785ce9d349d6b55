"""The model card of a reference model, made from its record."""

from typing import Any

import pandas as pd

from experiments.models.registry import describe
from experiments.paper.pairs import PUBLISHED
from experiments.paper.reference_models.record import ReferenceRecord
from experiments.paper.reference_models.shipped import LIKELIHOODS, WEIGHTS
from experiments.paper.training_command import training_command

CITATION = (
    "Cite this toolkit (CITATION.cff) and the paper whose experiment the model serves: E. Nalisnick, A. Matsukawa, "
    "Y. W. Teh, D. Gorur, B. Lakshminarayanan, Do deep generative models know what they don't know?, ICLR 2019, "
    "arXiv 1810.09136."
)
STAND_IN = "Tiny ImageNet stands in for the paper's ImageNet at 32 x 32; the images are not the same."
INTENDED_USE = (
    "Studying likelihood and its curvature: which inputs a flow finds likely, and whether the derivatives of log p "
    "explain it. Not for generating images, not for detecting anything in earnest, not for deployment."
)


def render_card(record: ReferenceRecord, name: str) -> str:
    """Markdown text of the card.

    Parameters
    ----------
    record
        What the model's files say.
    name
        The name the model is used by.
    """
    sections = (
        (f"# {name}", _summary(record, name)),
        ("## Model", _model(record)),
        ("## Training", _training(record)),
        ("## Training data", _data(record.environment["train_images"])),
        ("## Bits per dimension", _likelihoods(record.likelihoods)),
        ("## Intended use", INTENDED_USE),
        ("## Limits", _limits(record)),
        ("## Licence", _licence(record.environment["train_images"])),
        ("## Train it again", _again(record, name)),
        ("## Citation", _citation(record)),
    )
    return "\n\n".join(f"{heading}\n\n{text}" for heading, text in sections) + "\n"


def _summary(record: ReferenceRecord, name: str) -> str:
    images = record.environment["train_images"]
    return (
        f"{describe(record.config.model).name} trained on {images['count']:,} images of {images['title']} "
        f"({images['label']}, {_shape(images['shape'])}). Use it by its name:\n\n"
        f"    likelihood-curvature compare --model {name}"
    )


def _model(record: ReferenceRecord) -> str:
    weights = record.environment["weights"]
    lines = [
        *describe(record.config.model).facts,
        f"{weights['parameters']:,} parameters: the running average of training, stored as {weights['storage']} in "
        f"`{WEIGHTS}` ({weights['bytes'] / 1e6:.2f} MB, sha256 `{weights['sha256']}`).",
    ]
    if weights["storage"] != "float32":
        lines.append(
            "Evaluation casts the weights to float32. Storing them moved the training images' likelihood by "
            f"{weights['bpd_moved_by_storage']:+.5f} bits/dim."
        )
    return _list(lines)


def _training(record: ReferenceRecord) -> str:
    training, environment = record.config.training, record.environment
    done, package = environment["training"], environment["package"]
    clip = "no clipping" if training.clip_norm is None else f"gradient clipped at norm {training.clip_norm:g}"
    average = f"weights averaged with decay {training.ema_decay:g}"
    commit = f", commit {package['git_commit']}" if package.get("git_commit") else ""
    lines = [
        f"{done['steps']:,} steps of {training.batch_size} images in {training.precision} arithmetic, seed "
        f"{environment['seed']}.",
        f"{training.optimizer}, learning rate {training.learning_rate:g} after {training.warmup_steps} steps of "
        f"warm-up, then {training.schedule}; {clip}; {average}.",
        f"{done['seconds'] / 60:.1f} minutes ({done['images_per_second']:.0f} images/s at the end) on "
        f"{_hardware(environment)}.",
        f"{package['name']} {package['version']}{commit}, torch {environment['torch']}, "
        f"Python {environment['python']}.",
        "All settings: `config.json`; environment: `environment.json`; loss by step: `log.csv`"
        + ("; likelihoods by step: `evaluations.csv`." if (record.path / "evaluations.csv").is_file() else "."),
    ]
    return _list(lines)


def _hardware(environment: dict[str, Any]) -> str:
    threads = environment["threads"]
    processor = f"{environment['processor']}, {threads} thread{'' if threads == 1 else 's'}"
    return processor if environment["device"] == "cpu" else f"{environment['device']} ({processor})"


def _data(images: dict[str, Any]) -> str:
    lines = [
        f"{images['title']}, {images['label']}: {images['count']:,} images of {_shape(images['shape'])}.",
        f"Read from: {images['source']}.",
        f"Preprocessing: {images['preprocessing'] or 'none'}; then uniform dequantisation, (x + u) / 256.",
        f"Licence: {images['licence']}. Homepage: {images['homepage']}",
        f"sha256 of shape and pixels: `{images['sha256']}`",
    ]
    return _list(lines)


def _likelihoods(table: pd.DataFrame) -> str:
    rows = [
        f"| {row.input_set} | {row.bpd:.4f} | {row.bpd_se:.4f} | {row.n_images} |"
        for row in table.itertuples(index=False)
    ]
    head = ["| input set | BPD | standard error | images |", "|---|---|---|---|"]
    caption = f"Lower is more likely. Of the shipped weights, in float32, dequantised once (`{LIKELIHOODS}`)."
    return caption + "\n\n" + "\n".join(head + rows)


def _limits(record: ReferenceRecord) -> str:
    own = record.likelihoods.set_index("input_set")["bpd"]
    train_set = record.config.data.train_set
    published = [
        f"The paper's model reaches {each.bpd:.2f} bits/dim on {each.input_set} ({each.source}), this one "
        f"{own[each.input_set]:.2f}."
        for each in PUBLISHED
        if each.train_set == train_set and each.input_set == f"{train_set}/test"
    ]
    stand_in = [STAND_IN] if train_set == "tinyimagenet32" else []
    minutes = record.environment["training"]["seconds"] / 60
    model = describe(record.config.model)
    lines = [
        f"{model.summary}, trained for {minutes:.0f} minutes. {model.limits}",
        *published,
        *stand_in,
        "Likelihoods of other inputs, and the gaps between them, are those of this flow. They need not carry over to a "
        "better one.",
    ]
    return _list(lines)


def _licence(images: dict[str, Any]) -> str:
    return (
        f"The weights come under the toolkit's licence, as far as the terms of the images that they were made from "
        f"allow: {images['title']}, {images['licence']}."
    )


def _again(record: ReferenceRecord, name: str) -> str:
    return (
        f"    {training_command(record.config, f'runs/{name}')}\n\n"
        "The same images, machine and libraries give the same weights on the CPU. Then\n\n"
        f"    likelihood-curvature export runs/{name} {name}"
    )


def _citation(record: ReferenceRecord) -> str:
    architecture = describe(record.config.model).citation
    return f"{CITATION} Architecture: {architecture}. Data: {record.environment['train_images']['citation']}."


def _shape(shape: list[int]) -> str:
    return " x ".join(map(str, shape))


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)

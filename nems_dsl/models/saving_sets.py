"""Sets of models as folders: a file for each model, and one that lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from .._version import __version__
from .model_like import ModelLike
from .saving import load_model, read_json, save_model, write_json

M = TypeVar("M", bound=ModelLike)
S = TypeVar("S")

FORMAT = "nems_dsl model set"
FORMAT_VERSION = 1
LIST = "models.json"


class SetLike(Protocol):
    """A set of models as its file sees it."""

    channels: tuple[int, ...]
    n_columns: int
    labels: tuple[str, ...] | None

    def __iter__(self) -> Iterator[ModelLike]:
        """Return the models."""

    @property
    def string(self) -> str:
        """Their string."""

    @property
    def model_id(self) -> str:
        """Its digest."""


def save_set(models: SetLike, folder: Path) -> Path:
    """Write a set into a folder; the list comes last, so that no list names a missing file."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [f"channel_{channel}.json" for channel in models.channels]
    for model, file in zip(models, files, strict=True):
        save_model(model, folder / file)
    listed = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "nems_dsl": __version__,
        "string": models.string,
        "model_id": models.model_id,
        "n_columns": models.n_columns,
        "channels": list(models.channels),
        "files": files,
    }
    if models.labels is not None:
        listed["labels"] = list(models.labels)
    write_json(listed, folder / LIST)
    return folder


def load_set(
    folder: Path,
    kind: Callable[..., M],
    of: Callable[[list[M], list[int], int, list[str] | None], S],
) -> S:
    """Read what `save_set` wrote: models of one kind, and a set of them."""
    path = folder / LIST
    if not path.is_file():
        raise ValueError(f"{folder} holds no set of models: it has no file {LIST}")
    data = read_json(path, FORMAT, FORMAT_VERSION, "list of models")
    try:
        files = [folder / file for file in data["files"]]
        missing = [file for file in files if not file.is_file()]
        if missing:
            raise ValueError(f"it names {missing[0].name}, which is not there")
        models = [load_model(file, kind) for file in files]
        return of(models, data["channels"], data["n_columns"], data.get("labels"))
    except (KeyError, TypeError, ValueError) as fault:
        reason = fault.args[0] if fault.args else fault
        raise ValueError(f"{path} is damaged: {reason}") from fault

"""Settings: the only place where their defaults stand. Command line, run card and pages all read these."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["auto", "probe", "finetune"]
Convert = Literal["none", "softmax", "normalise"]


class Settings(BaseModel):
    """A frozen group of settings; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(Settings):
    """Which network looks at the images, and how held-out probabilities are made."""

    model: str = Field("auto", description="network by name, or auto")
    weights: str | None = Field(None, description="file with a local state dict")
    preprocess: Literal["own", "caffe", "unit", "signed", "tf"] = Field(
        "own",
        description="own: as the network's weights ask; caffe: 0..255 minus the mean; unit: 0..1; signed: -1..1; "
        "tf: signed, and padded as TensorFlow does",
    )
    mode: Mode = Field("auto", description="probe: features once, then k-fold heads; finetune: k-fold training")
    folds: int = Field(5, ge=2, le=50, description="cross-validation folds")
    epochs: int = Field(0, ge=0, description="training epochs of finetune; 0 = chosen by data size")
    batch: int = Field(0, ge=0, description="images per batch; 0 = chosen by device and image size")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps")
    seed: int = Field(0, ge=0, description="seed of every random step")


class GraphSettings(Settings):
    """How the confusion graph and its communities are made (METHODS 1.2, 1.3)."""

    top: int = Field(0, ge=0, description="classes per image that give edges; 0 = 5, but 2 up to 20 classes")
    weights: Literal["auto", "count", "rate"] = "auto"
    prune: Literal["auto", "none", "median", "median_over_one"] = "auto"
    method: Literal["auto", "louvain", "leiden", "networkx"] = "auto"
    resolution: float = Field(1.0, gt=0, description="higher = more and smaller communities")
    seeds: int = Field(5, ge=1, description="runs of which the best modularity is kept")
    seed: int = Field(0, ge=0)


class MapSettings(Settings):
    """The shared nearest-neighbour graph and the 2-D map."""

    method: Literal["umap", "pca", "pacmap", "tsne"] = Field("umap", description="how images are laid out on the map")
    neighbours: int = Field(15, ge=2, le=200)
    min_dist: float = Field(0.1, ge=0, le=1)
    seed: int = Field(0, ge=0)


class RunSettings(Settings):
    """Everything one analysis run was asked for."""

    predictions: str | None = Field(None, description="file with the user's own predictions; no model is run")
    features: str | None = Field(None, description="file with the user's own features; no model is run")
    convert: Convert = "none"
    held_out: bool | None = Field(
        None, description="did the model of these predictions not train on the images? None: as the file says, else yes"
    )
    models: ModelSettings = ModelSettings()
    graph: GraphSettings = GraphSettings()
    map: MapSettings = MapSettings()

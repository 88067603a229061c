"""The ways to lay images out on a map, by name, and what each of them needs beside the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Method:
    """A way to lay images out: its title and the package that it needs beside the requirements, if any."""

    title: str
    package: str = ""

    @property
    def missing(self) -> str:
        """Why it is not available here; "" where it is."""
        if not self.package or find_spec(self.package) is not None:
            return ""
        return f"the package {self.package} is not installed"


METHODS = {
    "umap": Method("UMAP"),
    "pca": Method("PCA"),
    "pacmap": Method("PaCMAP", "pacmap"),
    "tsne": Method("t-SNE", "openTSNE"),
}

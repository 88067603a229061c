"""Images put beside their labels: copied, linked, or written from arrays, with the disk space checked beforehand."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field

from analysis.base.config import Settings
from analysis.base.errors import BadInput, NotAvailable, StoreFailure
from analysis.review.exporter import Export
from analysis.review.naming import encoded
from analysis.review.pictures import Picture

Link = Literal["copy", "hardlink", "symlink"]
SPARE = 64 << 20  # bytes that are left free
STEP = 100  # images between two words on the progress
MEANING = (
    "copy: every image once more; hardlink: no space, same disk only, an edit changes the original too; symlink: no "
    "space, breaks when the originals move"
)


class WithImages(Settings):
    """The images come along."""

    link: Link = Field("copy", title="Image files", description=MEANING)


class MayHaveImages(Settings):
    """The images may come along."""

    images: Literal["leave", "copy", "hardlink", "symlink"] = Field(
        "leave", title="Image files", description=f"leave: labels only, with the paths as they are; {MEANING}"
    )


def takes_images(_: Export, options: MayHaveImages) -> bool:
    """Do the images come along?"""
    return options.images != "leave"


def paths_of(export: Export, folder: Path, options: MayHaveImages, sub: str = "images") -> list[str]:
    """Where the image of each row of `labels` is for who opens the export: the path in the data set, or where it was
    put in `folder`, as images/000001.png and so on."""
    if options.images == "leave":
        return [str(path) for path in export.labels["path"]]
    return put_numbered(export, folder, options.images, sub)


def put_numbered(export: Export, folder: Path, link: Link, sub: str) -> list[str]:
    """Put all images into `folder`/`sub`, numbered in the order of `labels`; gives the paths relative to `folder`."""
    digits = len(str(len(export.labels)))
    ids = enumerate(export.labels["image_id"], 1)
    files = [f"{sub}/{number:0{digits}}{suffix_of(export, image_id)}" for number, image_id in ids]
    place(export, folder, files, link)
    return files


def suffix_of(export: Export, image_id: str) -> str:
    """The ending that the file of an image gets, such as ".png": short and safe."""
    if export.pictures is None:
        return ""
    return encoded("x" + export.pictures.suffix(image_id))[1:][:20]


def place(export: Export, folder: Path, files: Sequence[str], link: Link) -> None:
    """Put the image of every row of `labels` at `folder`/`files[i]` (relative, with slashes, safe names).

    Images of arrays are always written, whatever `link` says. Raises StoreFailure where there is too little space,
    BadInput where hard links cannot lead to the originals.
    """
    pictures = export.pictures
    if pictures is None:
        raise NotAvailable("This data set has no images to take along", wanted="a format of labels alone")
    ids = export.labels["image_id"].tolist()
    folder.mkdir(exist_ok=True)
    if link == "copy" or not pictures.are_files:
        check_space(folder, pictures.size(ids))
    for sub in sorted({str(PurePosixPath(name).parent) for name in files}):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    export.progress.start("images", len(ids))
    for number, (image_id, name) in enumerate(zip(ids, files, strict=True), start=1):
        _put(pictures.get(image_id), folder / name, link)
        if number % STEP == 0:
            export.progress.advance(STEP)
    export.progress.advance(len(ids) % STEP)


def check_space(folder: Path, size: int) -> None:
    """Raise StoreFailure when `size` bytes do not fit beside what must stay free."""
    free = shutil.disk_usage(folder).free
    if size + SPARE > free:
        raise StoreFailure(
            f"The images take about {size / 1e9:,.2f} GB, and {free / 1e9:,.2f} GB are free there",
            wanted="enough space",
            hint="free space, name a folder on another disk, or link to the images instead of copying them",
        )


def _put(picture: Picture, target: Path, link: Link) -> None:
    if picture.path is None:
        target.write_bytes(picture.data or b"")
    elif link == "symlink":
        target.symlink_to(picture.path)
    elif link == "hardlink":
        _hard_link(picture.path, target)
    else:
        shutil.copyfile(picture.path, target)


def _hard_link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        raise BadInput(
            f"A hard link to {source.name} cannot be made: {error.strerror}",
            wanted="a folder on the disk of the images",
            hint="choose the option copy or symlink",
        ) from error

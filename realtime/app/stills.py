"""Still pictures: find them, analyse them, write them annotated."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from realtime.background import BackgroundCall
from realtime.errors import EmodjError, UsageError
from realtime.mood.vote import mood_of_pictures
from realtime.music.planner import plan_music
from realtime.session.documents import AnalysedPicture
from realtime.sources import images
from realtime.sources.picture_folders import find_images
from realtime.storage import image_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from realtime.classifier.occlusion import Explanation
    from realtime.domain import Box, Face, Image
    from realtime.faces.pipeline import Detector, FaceReader
    from realtime.music.catalog import Playlists
    from realtime.music.planner import Strategy

    Notify = Callable[[str], None]


MOST_EXPLAINED = 6
"""Faces of a picture that are explained, the largest ones: each takes as long as 145 faces, and a panel."""
SMALL_FACE = 48
"""Pixels. Smaller faces are not worth a remark if they are not looked for: the network takes 48×48 pixels."""


@dataclass(frozen=True, slots=True)
class PictureInput:
    """A picture to read, or the reason why it cannot be read.

    Attributes:
        path: of the picture, as it was given or found; "-" for the standard input.
        name: where it goes below an output folder.
        error: why there is none.
    """

    path: str
    name: Path
    error: EmodjError | None = None


def find_inputs(paths: Sequence[str], *, recursive: bool, notify: Notify) -> Iterator[PictureInput]:
    """Yield the pictures that paths, folders and "-" name, in their order.

    Args:
        paths: as they were given.
        recursive: whether the folders inside folders are read, too.
        notify: receives a remark on each folder with files that are no pictures by their names.
    """
    for text in paths:
        path = Path(text)
        if not text:
            # `Path` takes it for the current folder: a shell variable that is not set must not read all of that
            yield PictureInput(text, path, UsageError("an empty path names no picture"))
        elif text == images.STDIN:
            yield PictureInput(text, Path("stdin.png"))
        elif is_folder(path):
            try:
                found = find_images(path, recursive=recursive)
            except UsageError as error:
                yield PictureInput(text, Path(path.name), error)
                continue
            if found.others:
                notify(f"{path}: {found.describe_others()}")
            for inside in found.pictures:
                yield PictureInput(str(inside), inside.relative_to(path))
        else:
            yield PictureInput(text, Path(path.name))


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; False where `Path.is_dir` raises because the path may not be read."""
    try:
        return path.is_dir()
    except OSError:
        return False


_FOLDER_ENDS = tuple(end for end in ("/", os.sep, os.altsep) if end)


class PictureTarget:
    """A file or a folder for annotated pictures. It never replaces an input, nor a picture of the same run.

    A folder is what is one, ends in / or has no suffix; it is made if need be.

    Args:
        output: as the option has it.
        inputs: paths of all pictures that are read, "-" for the standard input.
        force: whether other files may be replaced.

    Raises:
        UsageError: no place for so many pictures, or for pictures at all.
    """

    def __init__(self, output: str, inputs: Sequence[str], *, force: bool) -> None:
        self._output = Path(output)
        self._force = force
        self._read = {_identity(path) for path in inputs} - {None}
        self._written: set[Path] = set()
        self._is_folder = is_folder(self._output) or output.endswith(_FOLDER_ENDS)
        self._is_folder |= not self._output.suffix and _identity(output) is None
        if not output:
            raise UsageError("--output is empty: name a file or a folder")
        if self._is_folder:
            return
        if len(inputs) > 1:
            raise UsageError(
                f"{output} is one file and there are {len(inputs)} pictures: give --output a folder, with a / at its end"
            )
        if self._output.suffix.lower() not in image_file.WRITABLE:
            raise UsageError(
                f"cannot write {output}: a picture's name ends in .jpg, .png, .webp, .bmp or .tiff, a folder's in /"
            )

    def write(self, name: Path, drawn: Image) -> None:
        """Write an annotated picture, (height, width, 3) uint8 BGR; `name` is where it goes in a folder.

        Raises:
            UsageError: a picture that is read, or was written a moment ago, would be replaced.
            EmodjError: the disk refuses.
        """
        path = self._path(name)
        if _identity(str(path)) in self._read:
            raise UsageError(f"{path} is a picture that is read, and is never replaced: choose another --output")
        if path in self._written:
            raise UsageError(f"{path} was written for another picture of the same name: read them one by one")
        try:
            path.parent.mkdir(parents=True, exist_ok=True) if self._is_folder else None
        except OSError as error:
            raise EmodjError(f"cannot make the folder {path.parent} ({error.strerror}): choose another --output") from error
        image_file.write_image(drawn, path, overwrite=self._force)
        self._written.add(path)

    def _path(self, name: Path) -> Path:
        if not self._is_folder:
            return self._output
        return self._output / (name if name.suffix.lower() in image_file.WRITABLE else name.with_suffix(".png"))


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode of a file, the same under each of its names; None without a file."""
    try:
        found = os.fstat(sys.stdin.fileno()) if path == images.STDIN else Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


class StillsReader:
    """Reads one picture after the other. The detector is built while the first one is read, the network is loaded after that.

    Args:
        detector: builds the detector, in another thread.
        faces: loads the network; its argument returns the detector, which may still be built.
        music: the music to choose from.
        strategy: how music is chosen for a mood.
        stdin: where the picture "-" is read from.
        target: where the annotated pictures go; None writes none.
        view: shows an annotated picture, (height, width, 3) uint8 BGR; None shows none.
        notify: receives remarks, such as how small the faces of a large picture are that were not looked for.
        smallest_face: the side of the smallest face that is found in a picture of a width and a height; pixels.
        explains: whether an annotated picture has a panel that explains the label of each of its largest faces.

    Attributes:
        pictures: a result for each picture that was processed, with the error if there is one.
        failures: these errors.
    """

    def __init__(
        self,
        detector: Callable[[], Detector],
        faces: Callable[[Callable[[], Detector]], FaceReader],
        music: Playlists,
        strategy: Strategy,
        stdin: BinaryIO | None = None,
        target: PictureTarget | None = None,
        view: Callable[[Image], None] | None = None,
        notify: Notify | None = None,
        smallest_face: Callable[[int, int], int] | None = None,
        *,
        explains: bool = False,
    ) -> None:
        self.pictures: list[AnalysedPicture] = []
        self.failures: list[EmodjError] = []
        self._build_detector = detector
        self._built: BackgroundCall[Detector] | None = None
        self._load_faces = faces
        self._faces: FaceReader | None = None
        self._music = music
        self._strategy = strategy
        self._stdin = stdin
        self._target = target
        self._view = view
        self._notify = notify
        self._smallest_face = smallest_face
        self._explains = explains

    def read(self, item: PictureInput) -> None:
        """Read and analyse a picture; write and show it annotated if target and view are given."""
        if self._faces is None and self._built is None and item.error is None:
            # Both are native code for the most part, so the cascades are parsed while the picture is decoded
            with BackgroundCall("detector", self._build_detector) as self._built:
                self._read(item)
        else:
            self._read(item)

    def _read(self, item: PictureInput) -> None:
        picture = AnalysedPicture(item.path)
        failure = item.error
        drawn = None
        if failure is None:
            try:
                pixels = images.read_image(item.path, self._stdin, self._notify)
            except EmodjError as error:
                failure = error
            else:
                picture, drawn, failure = self._process(item, pixels)
        # As the last step but the view, so that Ctrl-C leaves a picture out or takes it whole
        self.pictures.append(picture if failure is None else replace(picture, error=str(failure)))
        self.failures += [failure] if failure else []
        if self._view is not None and drawn is not None:
            self._view(drawn)

    def analyse(self, path: str, pixels: Image) -> AnalysedPicture:
        """Find the faces, the mood and the music of a picture, (height, width, 3) uint8 BGR."""
        faces = self._read_first_faces(pixels) if self._faces is None else self._faces.read(pixels)
        mood = mood_of_pictures(faces)
        height, width = pixels.shape[:2]
        return AnalysedPicture(path, width, height, faces, mood, plan_music(self._music, mood, self._strategy))

    def _read_first_faces(self, pixels: Image) -> tuple[Face, ...]:
        """Search the first picture while the network is loaded: the search needs none, and takes half of all the time."""
        # A second try builds it anew
        built, self._built = self._built, None

        def search() -> tuple[Detector, list[Box]]:
            detector = self._build_detector() if built is None else built.result()
            return detector, detector.detect(pixels)

        with BackgroundCall("first search", search) as searched:
            self._faces = self._load_faces(lambda: searched.result()[0])
            return self._faces.read(pixels, searched.result()[1])

    def _process(self, item: PictureInput, pixels: Image) -> tuple[AnalysedPicture, Image | None, EmodjError | None]:
        """Analyse and annotate a picture; if the memory does not suffice, that is an error of this picture alone."""
        picture = AnalysedPicture(item.path)
        try:
            picture = self.analyse(item.path, pixels)
            self._hint_at_small_faces(picture)
            return picture, *self._annotate(item, pixels, picture)
        except Exception as error:
            if isinstance(error, EmodjError) or not images.is_out_of_memory(error):
                raise
            return picture, None, images.too_large_for_memory(item.path)

    def _hint_at_small_faces(self, picture: AnalysedPicture) -> None:
        """Say how small faces were not looked for, if there may be such faces: none was found, or small ones alone."""
        if self._notify is None or self._smallest_face is None or picture.width is None or picture.height is None:
            return
        smallest = self._smallest_face(picture.width, picture.height)
        largest_found = max((face.box.height for face in picture.faces), default=0)
        if smallest >= SMALL_FACE and largest_found < 2 * smallest:
            self._notify(
                f"{picture.path}: faces below about {smallest} pixels were not looked for; "
                "with a larger search_width and search_height in [faces.image] they are"
            )

    def _explain(self, pixels: Image, picture: AnalysedPicture) -> list[Explanation]:
        """Explain the largest faces, from left to right, if that is asked for."""
        if not self._explains or self._faces is None:
            return []
        from realtime.faces.explainer import FaceExplainer, largest_faces

        if self._notify is not None and len(picture.faces) > MOST_EXPLAINED:
            self._notify(f"{picture.path}: the {MOST_EXPLAINED} largest of {len(picture.faces)} faces are explained")
        explainer = FaceExplainer(self._faces.classifier, self._faces.side_ratio)
        calibration = self._faces.calibration
        return [
            explainer.explain(pixels, face, calibration if face.calibrated else None)
            for face in largest_faces(picture.faces, MOST_EXPLAINED)
        ]

    def _annotate(self, item: PictureInput, pixels: Image, picture: AnalysedPicture) -> tuple[Image | None, EmodjError | None]:
        """The annotated picture, None if it is not needed; and the error where it could not be written."""
        if self._target is None and self._view is None:
            return None, None
        from realtime.overlay.draw import annotate

        explanations = self._explain(pixels, picture)
        # Nobody else needs the pixels
        drawn = annotate(pixels, picture.faces, picture.mood, in_place=True)
        if explanations:
            from realtime.overlay.draw import picture_text_size
            from realtime.overlay.explanation import append_panels

            drawn = append_panels(drawn, explanations, picture_text_size(drawn))
        if self._target is not None:
            try:
                self._target.write(item.name, drawn)
            except EmodjError as error:
                return drawn, error
        return drawn, None

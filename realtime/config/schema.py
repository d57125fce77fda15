"""Every setting as a frozen value, its range beside it. No defaults here: those stand in `config.toml` alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

from realtime.music.catalog import Playlists
from realtime.music.planner import Strategy


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Which network reads the faces.

    Attributes:
        pair: absolute path of a `NAME.json` with `NAME.h5` beside it, of a `NAME.keras`, or of a `NAME.tflite` with
            `NAME.contract.json`; None for the network that is shipped.
    """

    pair: Path | None


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How faces are looked for.

    Attributes:
        cascade: name of a shipped file (a single part), or an absolute path.
        close_cascade: the same, of a second one that looks closely; None for none.
        profile_cascade: the same, of one for turned heads; with it the scan looks for tilted and turned heads, too.
        search_width: the frame is shrunk to fit into this before the search; pixels.
        search_height: the same, downwards; pixels.
        scale_factor: step from one face size to the next.
        min_neighbors: how many overlapping hits make a face.
        min_face: side of the smallest face that is looked for; pixels of the shrunken frame.

    Raises:
        ValueError: the smallest face is larger than the shrunken frame can be.
    """

    cascade: Path
    close_cascade: Path | None
    profile_cascade: Path | None
    search_width: Annotated[int, Range(64, 8192)]
    search_height: Annotated[int, Range(64, 8192)]
    scale_factor: Annotated[float, Range(1.01, 2)]
    min_neighbors: Annotated[int, Range(0, 50)]
    min_face: Annotated[int, Range(20, 1000)]

    def __post_init__(self) -> None:
        if self.min_face > min(self.search_width, self.search_height):
            size = f"{self.search_width}x{self.search_height}"
            raise ValueError(f"min_face = {self.min_face} finds nothing in a frame that is shrunk to {size} pixels")


DetectorName = Literal["haar", "yunet"]


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """Finding and reading faces.

    Attributes:
        detector: what finds them, Haar cascades or the YuNet network.
        yunet_model: absolute path of YuNet's file; None for the one that `emodj model pull yunet` fetches.
        unsure_below: a face whose best expression is less probable than this is "not sure" and does not vote; 0..1. None
            for the network's own threshold.
        calibration: name of the face at rest that live sessions use, as `emodj calibrate --name` keeps it; empty for none.
        live: the search in a session.
        image: the search in pictures, where there is time for a closer look.
    """

    detector: DetectorName
    yunet_model: Path | None
    unsure_below: Annotated[float | None, Range(0, 1)]
    calibration: str
    live: SearchSettings
    image: SearchSettings


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Requested camera format; the camera may deliver another.

    Attributes:
        device: number of the camera, from 0, or a part of its name, or its path.
        width: pixels.
        height: pixels.
        fps: frames a second.
        mirror: whether the picture is shown as in a mirror.
    """

    device: str
    width: Annotated[int, Range(64, 8192)]
    height: Annotated[int, Range(64, 8192)]
    fps: Annotated[int, Range(1, 240)]
    mirror: bool


PowerName = Literal["auto", "full", "saving"]


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How a live session uses the computer.

    Attributes:
        power: whether it saves power by looking at the faces less often: on battery, never or always.
    """

    power: PowerName


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """Knowing a person again in the next frame.

    Attributes:
        match_overlap: intersection over union from which two boxes are the same person; 0..1.
        forget_after_s: a person not seen for this long is forgotten; seconds.
        confirm_s: a newcomer counts once every frame has shown it for so long; seconds.
        hold_s: a face that a frame does not show is kept for this long; seconds.
        smoothing_s: over how long a person's probabilities are smoothed; seconds.
        label_lead: by how much another expression has to be more probable to take the label at once; 0..1.
        label_dwell_s: for how long it has to be more probable to take the label with less; seconds.
        unsure_slack: how far below its threshold a face has to fall, for as long, to become "not sure"; 0..1.
    """

    match_overlap: Annotated[float, Range(0.01, 1)]
    forget_after_s: Annotated[float, Range(0, 60)]
    confirm_s: Annotated[float, Range(0, 1)]
    hold_s: Annotated[float, Range(0, 1)]
    smoothing_s: Annotated[float, Range(0, 60)]
    label_lead: Annotated[float, Range(0, 1)]
    label_dwell_s: Annotated[float, Range(0, 60)]
    unsure_slack: Annotated[float, Range(0, 1)]


@dataclass(frozen=True, slots=True)
class VoteSettings:
    """How the session's mood is voted on.

    Attributes:
        window_s: how far back votes count; seconds.
        lead: share by which a challenger has to be ahead before the mood changes; 0..1.
        dwell_s: the mood stays for at least so long after each change; seconds.
    """

    window_s: Annotated[float, Range(0.5, 600)]
    lead: Annotated[float, Range(0, 1)]
    dwell_s: Annotated[float, Range(0, 60)]


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """What the window shows at the start.

    Attributes:
        bars: the three best expressions of each face as bars.
        info: frames a second and latency.
    """

    bars: bool
    info: bool


@dataclass(frozen=True, slots=True)
class MusicSettings:
    """How music is chosen and played.

    Attributes:
        strategy: what a mood asks for.
        library: absolute path of a person's songs, a folder with a folder for each mood or a CSV; None for none.
        volume: of songs at the start; 0..1.
        shuffle: whether songs come in random order at the start.
        spotify_device: a part of the name of the Spotify device to play on; empty for the one that is active.
        learn: whether thumbs are counted and kept, and order music and movies.
        dj: whether the music follows the mood by itself.
        dj_begin_s: a mood has to hold for so long before music begins; seconds.
        dj_hold_s: a mood has to hold for so long before the music changes; seconds.
        dj_decent_s: where the end of a song is not known, music changes after so long; seconds.
        dj_away_s: the music fades when nobody was seen for so long; seconds.
    """

    strategy: Strategy
    library: Path | None
    volume: Annotated[float, Range(0, 1)]
    shuffle: bool
    spotify_device: str
    learn: bool
    dj: bool
    dj_begin_s: Annotated[float, Range(0, 600)]
    dj_hold_s: Annotated[float, Range(1, 3600)]
    dj_decent_s: Annotated[float, Range(1, 7200)]
    dj_away_s: Annotated[float, Range(1, 86_400)]


@dataclass(frozen=True, slots=True)
class MovieSettings:
    """How movies are chosen.

    Attributes:
        list: absolute path of a person's list of movies, a CSV; None for the list that is shipped.
        link: template of a movie's link, with {title} and maybe {year} in it.
        online: whether TMDb is asked, with the key of the person.
        language: of the titles of TMDb, as "en-US" or "de".
        region: country whose showings count for TMDb, two capital letters; empty for any.
        min_votes: how many people have voted on a movie of TMDb, at least.
        min_rating: mean of their votes, at least; 0..10.
    """

    list: Path | None
    link: str
    online: bool
    language: str
    region: str
    min_votes: Annotated[int, Range(0, 100_000)]
    min_rating: Annotated[float, Range(0, 10)]


@dataclass(frozen=True, slots=True)
class DiarySettings:
    """The diary, one line a session.

    Attributes:
        keep: whether `emodj live` writes it.
    """

    keep: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them; each attribute is a section of `config.toml`. Change one with `dataclasses.replace`."""

    network: NetworkSettings
    faces: FaceSettings
    camera: CameraSettings
    live: LiveSettings
    tracking: TrackingSettings
    mood: VoteSettings
    window: WindowSettings
    music: MusicSettings
    movies: MovieSettings
    diary: DiarySettings
    playlists: Playlists


def field_range(section: type, name: str) -> Range:
    """Range of a number, `limits(Camera, "fps")`, so that an option of the command line keeps to it too.

    Raises:
        KeyError: the section has no such number.
    """
    hint = get_type_hints(section, include_extras=True)[name]
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Range):
            return note
    raise KeyError(name)

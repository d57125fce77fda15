from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.classifier.keras_pair import import_tensorflow
from realtime.training import augment as module
from realtime.training.augment import augment, corrupt, mixup

Pictures = NDArray[np.float32]
COUNT = 1500
ERASED = 0.5


def views(pictures: Pictures, *seed: int) -> Pictures:
    tf = import_tensorflow("testing")
    return augment(tf.constant(pictures), tf.constant(seed or (1, 0), tf.int32)).numpy()


def repeat_picture(picture: Any) -> Pictures:
    """A batch of copies of one picture (48, 48)."""
    return np.broadcast_to(np.asarray(picture, np.float32)[None, :, :, None], (COUNT, 48, 48, 1)).copy()


def select_uncovered(batch: Pictures) -> Pictures:
    """The views without a grey rectangle, (n, 48, 48): fewer than five of their pixels have exactly its grey."""
    return batch[(batch == ERASED).sum(axis=(1, 2, 3)) < 5][..., 0]


def block(height: int, width: int) -> Pictures:
    """A white block in the middle of black."""
    picture = np.zeros((48, 48), np.float32)
    top, left = (48 - height) // 2, (48 - width) // 2
    picture[top : top + height, left : left + width] = 1
    return repeat_picture(picture)


def shapes(batch: Pictures) -> list[tuple[float, float, float, float]]:
    """Area, centre (right, down, from the middle) and angle in degrees of the bright block of each uncovered view."""
    found: list[tuple[float, float, float, float]] = []
    for view in select_uncovered(batch):
        down, right = np.nonzero((view - view.min()) / np.ptp(view) > 0.5)
        right, down = right - 23.5, down - 23.5
        spread = np.cov(right, down)
        angle = np.degrees(0.5 * np.arctan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1]))
        found.append((len(right), float(right.mean()), float(down.mean()), float(angle)))
    return found


@pytest.fixture
def no_corruptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off corruptions and bars: geometry, light and small rectangles stay."""
    monkeypatch.setattr(module, "CORRUPTION_PROBABILITY", 0.0)
    monkeypatch.setattr(module, "BAR_SHARE", 0.0)


@pytest.fixture(scope="module")
def noise() -> Pictures:
    return np.random.default_rng(1).random((40, 48, 48, 1), np.float32)


def test_views_have_the_shape_and_the_range_of_faces(noise: Pictures) -> None:
    for pictures in (noise, noise[:1], np.zeros_like(noise), np.ones_like(noise)):
        augmented = views(pictures)
        assert augmented.shape == pictures.shape
        assert augmented.dtype == np.float32
        assert augmented.min() >= 0
        assert augmented.max() <= 1


def test_one_seed_gives_the_same_views_and_another_seed_others(noise: Pictures) -> None:
    augmented = views(noise, 1, 7)
    np.testing.assert_array_equal(augmented, views(noise, 1, 7))
    for other in (views(noise, 1, 8), views(noise, 2, 7)):
        # The view of every face differs
        assert (np.abs(augmented - other).max(axis=(1, 2, 3)) > 0.01).all()


def test_faces_of_a_batch_get_different_views(noise: Pictures) -> None:
    augmented = views(np.repeat(noise[:1], 40, axis=0))
    assert len(np.unique(augmented.reshape(40, -1), axis=0)) == 40


def test_a_compiled_function_gives_the_same_views(noise: Pictures) -> None:
    tf = import_tensorflow("testing")
    compiled = tf.function(augment)(tf.constant(noise), tf.constant([1, 0]))
    np.testing.assert_allclose(compiled.numpy(), views(noise), atol=1e-5)


@pytest.mark.usefixtures("no_corruptions")
def test_the_centre_moves_by_the_shift_at_most() -> None:
    _, right, down, _ = np.array(shapes(views(block(12, 12)))).T
    for offset in (right, down):
        # At scale 1.2 a shift of four pixels is one of 4.8 pixels, and a rotation mixes the axes
        assert np.abs(offset).max() <= 6.5
        assert offset.min() < -3.5
        assert offset.max() > 3.5
        assert abs(offset.mean()) < 0.4


@pytest.mark.usefixtures("no_corruptions")
def test_scale_stays_in_its_range() -> None:
    area = np.array(shapes(views(block(20, 20))))[:, 0]
    sizes = np.sqrt(area / 400)
    assert 0.8 < sizes.min() < 0.9
    assert 1.15 < sizes.max() < 1.25
    assert np.mean(sizes > 1) == pytest.approx(np.log(1.2) / np.log(1.2 / 0.85), abs=0.07)


@pytest.mark.usefixtures("no_corruptions")
def test_rotation_stays_in_its_range() -> None:
    angle = np.array(shapes(views(block(8, 28))))[:, 3]
    assert np.abs(angle).max() < 17
    assert angle.min() < -13
    assert angle.max() > 13
    assert np.mean(angle > 0) == pytest.approx(0.5, abs=0.07)


@pytest.mark.usefixtures("no_corruptions")
def test_a_view_is_neither_sheared_nor_stretched() -> None:
    for view in select_uncovered(views(block(20, 20))):
        down, right = np.nonzero((view - view.min()) / np.ptp(view) > 0.5)
        # A rotated square has equal variance in every direction
        least, most = np.linalg.eigvalsh(np.cov(right, down))
        assert most < 1.25 * least


@pytest.mark.usefixtures("no_corruptions")
def test_half_of_the_faces_are_flipped_horizontally_and_none_vertically() -> None:
    ramp = np.linspace(0.2, 0.8, 48, dtype=np.float32)
    across = views(repeat_picture(np.broadcast_to(ramp, (48, 48))))
    mirrored = np.median(across[:, :, :12], axis=(1, 2, 3)) > np.median(across[:, :, 36:], axis=(1, 2, 3))
    assert mirrored.mean() == pytest.approx(0.5, abs=0.06)
    along = views(repeat_picture(np.broadcast_to(ramp[:, None], (48, 48))))
    assert (np.median(along[:, :12], axis=(1, 2, 3)) < np.median(along[:, 36:], axis=(1, 2, 3))).all()


@pytest.mark.usefixtures("no_corruptions")
def test_brightness_and_contrast_vary() -> None:
    grey = select_uncovered(views(repeat_picture(np.full((48, 48), 0.4))))
    # A uniform picture stays uniform up to its borders at any shift
    assert np.ptp(grey, axis=(1, 2)).max() < 1e-5
    level = grey[:, 0, 0] - 0.4
    assert np.abs(level).max() <= 0.12 + 1e-6
    assert level.min() < -0.11
    assert level.max() > 0.11
    halves = np.where(np.arange(48) < 24, 0.3, 0.6)[:, None] * np.ones(48)
    steps = select_uncovered(views(repeat_picture(halves)))
    contrast = (steps[:, 40:].mean(axis=(1, 2)) - steps[:, :8].mean(axis=(1, 2))) / 0.3
    assert 0.74 < contrast.min() < 0.78
    assert 1.22 < contrast.max() < 1.26


@pytest.mark.usefixtures("no_corruptions")
def test_two_faces_of_five_are_partly_covered_by_a_grey_rectangle() -> None:
    covered = views(repeat_picture(np.full((48, 48), 0.8)))[..., 0] == ERASED
    some = covered.any(axis=(1, 2))
    assert some.mean() == pytest.approx(0.4, abs=0.06)
    sides: list[int] = []
    for mask in covered[some]:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
        assert mask.sum() == height * width
        assert max(height, width) <= 18
        # At a border a part of the rectangle lies outside
        sides += [int(height)] if rows[0] > 0 and rows[-1] < 47 else []
        sides += [int(width)] if columns[0] > 0 and columns[-1] < 47 else []
    assert min(sides) in {5, 6, 7}
    assert max(sides) >= 17
    # A rectangle can cover any pixel, also a corner
    assert covered.any(axis=0).all()


@pytest.mark.usefixtures("no_corruptions")
def test_without_augmentation_a_view_is_the_face_or_its_mirror_image(noise: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, still in (("ROTATION_DEG", 0.0), ("SCALE", (1.0, 1.0)), ("SHIFT_PX", 0.0), ("CONTRAST", 0.0)):
        monkeypatch.setattr(module, name, still)
    monkeypatch.setattr(module, "BRIGHTNESS", 0.0)
    monkeypatch.setattr(module, "ERASE_PROBABILITY", 0.0)
    augmented = views(noise)
    same = np.abs(augmented - noise).max(axis=(1, 2, 3)) < 1e-4
    mirrored = np.abs(augmented - noise[:, :, ::-1]).max(axis=(1, 2, 3)) < 1e-4
    assert (same ^ mirrored).all()
    assert same.any()
    assert mirrored.any()


def corrupt_all(pictures: Pictures, row: int, strength: float, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    """Apply one of the five corruptions to all pictures, with a strength of 0..1."""
    tf = import_tensorflow("testing")
    monkeypatch.setattr(module, "CORRUPTION_PROBABILITY", 0.5)
    draws = np.full((10, len(pictures)), 0.9, np.float32)
    draws[2 * row], draws[2 * row + 1] = 0.1, strength
    return corrupt(tf.constant(pictures), tf.constant(draws), tf.constant([1, 0])).numpy()


@pytest.fixture(scope="module")
def smooth() -> Pictures:
    """Blurred noise: like pictures of a camera, without sharp edges."""
    made = np.random.default_rng(2).random((20, 48, 48), np.float32)
    return np.stack([cv2.GaussianBlur(picture, (0, 0), 2) for picture in made])[..., None].astype(np.float32)


def test_over_exposure_clips_to_white(smooth: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_allclose(corrupt_all(smooth, 0, 1.0, monkeypatch), np.minimum(1, 2.2 * smooth), atol=1e-6)


@pytest.mark.parametrize(("strength", "gamma"), [(0.0, 0.4), (1.0, 2.7)])
def test_gamma_brightens_and_darkens(smooth: Pictures, strength: float, gamma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_allclose(corrupt_all(smooth, 1, strength, monkeypatch), smooth**gamma, atol=1e-5)


def test_blur_equals_that_of_opencv(noise: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [cv2.GaussianBlur(picture, (9, 9), 1.7, borderType=cv2.BORDER_REFLECT) for picture in noise]
    np.testing.assert_allclose(corrupt_all(noise, 2, 1.0, monkeypatch)[..., 0], np.stack(expected), atol=1e-5)


def test_noise_has_zero_mean_and_the_given_sigma(monkeypatch: pytest.MonkeyPatch) -> None:
    corrupted = corrupt_all(repeat_picture(np.full((48, 48), 0.5)), 3, 1.0, monkeypatch)[:200]
    assert float(corrupted.mean()) == pytest.approx(0.5, abs=0.002)
    assert float(corrupted.std()) == pytest.approx(0.11, abs=0.002)


def test_jpeg_is_close_to_that_of_opencv(smooth: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    # Quality 10 has five times the steps of quality 50
    corrupted = corrupt_all(smooth, 4, 0.8, monkeypatch)[..., 0] * 255
    for picture, ours in zip(smooth, corrupted, strict=True):
        whole_numbers = np.round(picture * 255).astype(np.uint8)
        packed = cv2.imencode(".jpg", whole_numbers, [cv2.IMWRITE_JPEG_QUALITY, 10])[1]
        theirs = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.float32)
        assert np.abs(ours - theirs).mean() < 1.5 < np.abs(picture[..., 0] * 255 - theirs).mean()


def test_some_faces_are_covered_by_a_bar_across_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CORRUPTION_PROBABILITY", 0.0)
    covered = views(repeat_picture(np.full((48, 48), 0.8)))[..., 0] == ERASED
    bars = covered.all(axis=2).any(axis=1)
    assert bars.mean() == pytest.approx(0.4 * 0.3, abs=0.04)
    heights = covered[bars][:, :, 0].sum(axis=1)
    assert heights.max() in {13, 14, 15}


def test_mixup_blends_views_and_targets_with_the_same_share() -> None:
    tf = import_tensorflow("testing")
    count = 400
    pictures = np.linspace(0, 1, count, dtype=np.float32)[:, None, None, None] * np.ones((1, 48, 48, 1), np.float32)
    wanted = np.eye(7, dtype=np.float32)[np.arange(count) % 7]
    blended, targets = (part.numpy() for part in mixup(tf.constant(pictures), tf.constant(wanted), 0.2, tf.constant([1, 0])))
    assert blended.shape == pictures.shape
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    other = pictures[::-1, 0, 0, 0]
    own = pictures[:, 0, 0, 0]
    shares = (blended[:, 0, 0, 0] - other) / (own - other)
    assert shares.min() >= 0.5 - 1e-4, "its own face stays the clearer one"
    assert np.mean(shares > 0.99) > 0.3, "most stay nearly as they are"
    assert np.mean(shares < 0.8) > 0.1
    expected = shares[:, None] * wanted + (1 - shares[:, None]) * wanted[::-1]
    np.testing.assert_allclose(targets, expected, atol=1e-3)

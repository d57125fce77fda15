import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.training.targets import class_weights

FER = np.array([3995, 436, 4097, 7215, 4965, 4830, 3171], float)
COUNTS = st.lists(st.floats(1, 1e5), min_size=7, max_size=7).map(np.array)


@given(COUNTS, st.floats(0, 0.9999))
def test_the_mean_weight_over_all_images_is_one_and_rare_classes_weigh_more(counts: np.ndarray, beta: float) -> None:
    weights = class_weights(counts, beta).astype(float)
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1, rel=1e-4)
    by_count = weights[np.argsort(counts)]
    assert (np.diff(by_count) <= 1e-5 * by_count[:-1]).all()


def test_beta_ranges_from_equal_weights_to_inverse_frequency() -> None:
    np.testing.assert_allclose(class_weights(FER, 0.0), np.ones(7), rtol=1e-6)
    np.testing.assert_allclose(class_weights(FER, 1 - 1e-9), FER.sum() / (7 * FER), rtol=1e-3)


def test_the_effective_number_of_images_saturates() -> None:
    weights = class_weights(FER)
    disgust, happy = weights[1], weights[3]
    # 1 - .999^436 is .353, and 1 - .999^7215 is .9993
    assert disgust / happy == pytest.approx(0.9993 / 0.3535, rel=1e-2)


@pytest.mark.parametrize(("counts", "beta"), [([1, 0], 0.9), ([1, -1], 0.9), ([1, np.nan], 0.9), ([1, 2], 1.0), ([1, 2], -0.1)])
def test_counts_and_betas_that_give_no_weights_are_refused(counts: list[float], beta: float) -> None:
    with pytest.raises(ValueError, match="no weights for counts"):
        class_weights(np.array(counts), beta)

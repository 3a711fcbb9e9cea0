"""Information of binary channels against textbook values."""

import numpy as np
import pytest

from theory.predictions.bits import channel_bits, entropy


def test_channels_of_known_capacity():
    assert channel_bits(0, 0, 0.5) == pytest.approx(1)
    assert channel_bits(0.11, 0.11, 0.5) == pytest.approx(0.5001, abs=1e-4)  # symmetric: 1 - H(0.11)
    assert channel_bits(0.5, 0, 0.4) == pytest.approx(np.log2(5 / 4))  # Z-channel at its best prior
    assert channel_bits(0.3, 0.7, 0.2) == pytest.approx(0, abs=1e-12)
    assert entropy([0, 0.5, 1]).tolist() == [0, 1, 0]

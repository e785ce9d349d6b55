import pandas as pd
import torch

from analysis.frequencies import frequency_bands_of, frequency_frame
from curvature import Moments, expand
from curvature.frequencies import frequency_bands
from tests.curvature.densities import Gaussian, randn, random_spd


def test_bands_survive_the_way_through_a_file(tmp_path):
    model = Gaussian(torch.zeros(1, 4, 4, dtype=torch.float64), random_spd(16, seed=0))
    e = expand(model.log_prob, at=torch.zeros(1, 4, 4))
    p = Moments.from_samples(randn(40, 1, 4, 4, seed=1))
    made = {
        name: frequency_bands(e, Moments.from_samples(scale * randn(30, 1, 4, 4, seed=2)), p, bands=3)
        for name, scale in (("narrow", 0.5), ("wide", 2.0))
    }
    frequency_frame(made).to_csv(tmp_path / "bands.csv", index=False)
    read = frequency_bands_of(pd.read_csv(tmp_path / "bands.csv"))
    assert list(read) == ["narrow", "wide"]
    for name, bands in made.items():
        assert read[name].dim == 16
        for column in ("frequency", "curvature", "variance_q", "variance_p", "diagonal", "channels", "share"):
            torch.testing.assert_close(getattr(read[name], column), getattr(bands, column))
        assert read[name].covariance == bands.covariance

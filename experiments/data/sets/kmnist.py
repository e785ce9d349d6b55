"""Kuzushiji-MNIST, cursive Japanese characters."""

from experiments.data.data_set import GRAY, DataSet, DataSetDescription
from experiments.data.formats.idx import read_idx_split
from experiments.data.official_source import idx_source

DATA_SET = DataSet(
    description=DataSetDescription(
        name="kmnist",
        title="Kuzushiji-MNIST, cursive Japanese characters",
        event_shape=GRAY,
        licence="CC BY-SA 4.0",
        citation="T. Clanuwat et al., Deep learning for classical Japanese literature, arXiv 1812.01718, 2018",
        homepage="http://codh.rois.ac.jp/kmnist/",
    ),
    source=idx_source(
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",),
        ("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", 18_165_135),
        ("edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5", 3_041_136),
    ),
    read=read_idx_split,
)

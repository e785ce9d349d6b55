"""Fashion-MNIST, Zalando's articles."""

from experiments.data.data_set import GRAY, DataSet, DataSetDescription
from experiments.data.formats.idx import read_idx_split
from experiments.data.official_source import idx_source

DATA_SET = DataSet(
    description=DataSetDescription(
        name="fashion_mnist",
        title="Fashion-MNIST, Zalando's articles",
        event_shape=GRAY,
        licence="MIT",
        citation="H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for "
        "benchmarking machine learning algorithms, arXiv 1708.07747, 2017",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
    ),
    source=idx_source(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        ),
        ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
        ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
    ),
    read=read_idx_split,
)

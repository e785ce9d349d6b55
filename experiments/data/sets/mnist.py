"""MNIST handwritten digits."""

from experiments.data.data_set import GRAY, DataSet, DataSetDescription
from experiments.data.formats.idx import read_idx_split
from experiments.data.official_source import idx_source

DATA_SET = DataSet(
    description=DataSetDescription(
        name="mnist",
        title="MNIST handwritten digits",
        event_shape=GRAY,
        licence="none stated by the authors (commonly given as CC BY-SA 3.0)",
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, "
        "Proc. IEEE 86(11), 1998",
        homepage="http://yann.lecun.com/exdb/mnist/",
    ),
    source=idx_source(
        ("https://storage.googleapis.com/cvdf-datasets/mnist", "https://ossci-datasets.s3.amazonaws.com/mnist"),
        ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422),
        ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877),
    ),
    read=read_idx_split,
)

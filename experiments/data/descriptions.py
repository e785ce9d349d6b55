"""What each data set of the catalog is: title, image shape, splits, licence and citation. No torch here."""

from dataclasses import dataclass

TRAIN_AND_TEST = ("train", "test")


@dataclass(frozen=True)
class DataSetDescription:
    """One data set, as `likelihood-curvature data list` and docs/data.md describe it.

    Attributes
    ----------
    name, title
        Name in the catalog and in full.
    event_shape
        Channels, height and width; None for an embedded set, whose patch size decides.
    splits
        The splits that can be asked for.
    licence, citation, homepage
        The terms as the authors state them, whom to cite, and where the set comes from.
    preprocessing
        What is done to the official images; empty where they are taken as they are.
    """

    name: str
    title: str
    event_shape: tuple[int, int, int] | None
    licence: str
    citation: str
    homepage: str
    splits: tuple[str, ...] = TRAIN_AND_TEST
    preprocessing: str = ""

    @property
    def is_embedded(self) -> bool:
        """Whether the images ship with a dependency, so that there is nothing to fetch."""
        return self.event_shape is None


GRAY, COLOUR = (1, 28, 28), (3, 32, 32)

_ALL = (
    DataSetDescription(
        "china",
        "Patches of scikit-learn's photograph china.jpg",
        None,
        "CC BY 2.0",
        "photograph by danielbuechele, distributed with scikit-learn",
        "https://scikit-learn.org/stable/datasets/loading_other_datasets.html#sample-images",
    ),
    DataSetDescription(
        "flower",
        "Patches of scikit-learn's photograph flower.jpg",
        None,
        "CC BY 2.0",
        "photograph by vultilion, distributed with scikit-learn",
        "https://scikit-learn.org/stable/datasets/loading_other_datasets.html#sample-images",
    ),
    DataSetDescription(
        "digits",
        "Optical Recognition of Handwritten Digits (8 x 8)",
        None,
        "CC BY 4.0",
        "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Repository, 1998",
        "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    ),
    DataSetDescription(
        "mnist",
        "MNIST handwritten digits",
        GRAY,
        "none stated by the authors (commonly given as CC BY-SA 3.0)",
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, "
        "Proc. IEEE 86(11), 1998",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    DataSetDescription(
        "fashion_mnist",
        "Fashion-MNIST, Zalando's articles",
        GRAY,
        "MIT",
        "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning "
        "algorithms, arXiv 1708.07747, 2017",
        "https://github.com/zalandoresearch/fashion-mnist",
    ),
    DataSetDescription(
        "kmnist",
        "Kuzushiji-MNIST, cursive Japanese characters",
        GRAY,
        "CC BY-SA 4.0",
        "T. Clanuwat et al., Deep learning for classical Japanese literature, arXiv 1812.01718, 2018",
        "http://codh.rois.ac.jp/kmnist/",
    ),
    DataSetDescription(
        "notmnist",
        "notMNIST, letters A to J in many fonts",
        GRAY,
        "none stated; made from fonts found on the web",
        "Y. Bulatov, notMNIST dataset, http://yaroslavvb.blogspot.com/2011/09/notmnist-dataset.html, 2011",
        "http://yaroslavvb.blogspot.com/2011/09/notmnist-dataset.html",
        preprocessing="seven unreadable pictures are left out",
    ),
    DataSetDescription(
        "emnist_letters",
        "EMNIST letters",
        GRAY,
        "derived from NIST Special Database 19, a work of the US government",
        "G. Cohen, S. Afshar, J. Tapson, A. van Schaik, EMNIST: an extension of MNIST to handwritten letters, "
        "arXiv 1702.05373, 2017",
        "https://www.nist.gov/itl/products-and-services/emnist-dataset",
        preprocessing="turned upright: the official pictures are transposed",
    ),
    DataSetDescription(
        "omniglot",
        "Omniglot, characters of 50 alphabets",
        GRAY,
        "MIT",
        "B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum, Human-level concept learning through probabilistic program "
        "induction, Science 350, 2015",
        "https://github.com/brendenlake/omniglot",
        preprocessing="105 x 105 averaged over areas to 28 x 28; the ink stays dark on white",
    ),
    DataSetDescription(
        "cifar10",
        "CIFAR-10 tiny images of 10 classes",
        COLOUR,
        "none stated; the author asks to be cited",
        "A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, 2009",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        ("train", "heldout", "test"),
    ),
    DataSetDescription(
        "cifar100",
        "CIFAR-100 tiny images of 100 classes",
        COLOUR,
        "none stated; the author asks to be cited",
        "A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, 2009",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    DataSetDescription(
        "svhn",
        "Street View House Numbers, cropped digits",
        COLOUR,
        "non-commercial use only",
        "Y. Netzer et al., Reading digits in natural images with unsupervised feature learning, NIPS workshop on deep "
        "learning, 2011",
        "http://ufldl.stanford.edu/housenumbers/",
    ),
    DataSetDescription(
        "celeba32",
        "CelebA faces at 32 x 32",
        COLOUR,
        "non-commercial research only",
        "Z. Liu, P. Luo, X. Wang, X. Tang, Deep learning face attributes in the wild, ICCV 2015",
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        preprocessing="rows 20 to 197 of the aligned 218 x 178 picture, all columns; that square averaged over areas "
        "to 32 x 32",
    ),
    DataSetDescription(
        "imagenet32",
        "Downsampled ImageNet at 32 x 32",
        COLOUR,
        "ImageNet terms: non-commercial research and education",
        "P. Chrabaszcz, I. Loshchilov, F. Hutter, A downsampled variant of ImageNet as an alternative to the CIFAR "
        "datasets, arXiv 1707.08819, 2017",
        "https://image-net.org/download-images.php",
    ),
    DataSetDescription(
        "tinyimagenet32",
        "Tiny ImageNet at 32 x 32",
        COLOUR,
        "ImageNet terms: non-commercial research and education",
        "Y. Le, X. Yang, Tiny ImageNet visual recognition challenge, Stanford CS 231N, 2015",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        preprocessing="64 x 64 averaged over 2 x 2 blocks",
    ),
)

DESCRIPTIONS = {description.name: description for description in _ALL}
REAL_SETS = tuple(name for name, description in DESCRIPTIONS.items() if not description.is_embedded)
EMBEDDED = tuple(name for name, description in DESCRIPTIONS.items() if description.is_embedded)

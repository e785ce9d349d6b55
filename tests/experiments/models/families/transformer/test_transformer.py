"""What is particular to transformer flows: what each block sees, exact inverses, volumes, seeds, precision."""

import itertools

import pytest
import torch
from torch.nn import functional

from curvature.errors import NonFiniteError, ShapeError
from experiments.models.families.transformer import network
from experiments.models.families.transformer.causal import CausalBlock
from experiments.models.families.transformer.config import TransformerConfig
from experiments.models.families.transformer.coupling import coupling_block
from experiments.models.families.transformer.flow import TransformerFlow
from experiments.models.families.transformer.update import LARGEST_LOG_SCALE
from tests.experiments.models.cases import images, randomise, seeded, transformer

KINDS = list(itertools.product(("coupling", "causal"), ("affine", "additive")))
SMALL = {"blocks": 4, "depth": 1, "width": 8, "heads": 2}


def jacobian(f, x):
    """[outputs, inputs] of one event."""
    return torch.func.jacrev(lambda event: f(event[None])[0][0].flatten())(x).reshape(-1, x.numel())


@pytest.mark.parametrize(("block", "update"), KINDS)
@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 6, 6), (2, 4, 6)])
def test_log_determinants_are_those_of_the_dense_jacobian(block, update, shape):
    model = transformer(shape, block=block, update=update)
    x = images(model, 3)
    log_det = model(x)[1]
    for event, value in zip(x, log_det, strict=True):
        torch.testing.assert_close(value, torch.linalg.slogdet(jacobian(model, event)).logabsdet)
    assert model.is_constant_log_det == (update == "additive") == (len(log_det.unique()) == 1)


@pytest.mark.parametrize(("block", "update"), KINDS)
def test_inverses_are_exact_after_training(block, update):
    config = TransformerConfig(block=block, update=update, **SMALL)
    model = TransformerFlow((1, 6, 6), config).double()
    x = images(model, 40) ** 2
    model.initialise(x)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    before = float(model.log_prob(x).mean().detach())
    for _ in range(8):
        optimizer.zero_grad()
        (-model.log_prob(x).mean()).backward()
        optimizer.step()
    assert float(model.log_prob(x).mean().detach()) > before + 1
    with torch.no_grad():
        torch.testing.assert_close(model.inverse(model(x)[0]), x, rtol=0, atol=1e-10)
        z = torch.randn(5, model.dim, generator=seeded(), dtype=torch.float64)
        torch.testing.assert_close(model(model.inverse(z))[0], z, rtol=0, atol=1e-10)


@pytest.mark.parametrize("index", [0, 1])
def test_a_causal_block_changes_each_patch_by_those_before_it(index):
    config = TransformerConfig(**SMALL)
    block = randomise(CausalBlock(config, index, 2, (2, 3), seeded()).double(), size=0.4)
    x = torch.rand(2, 2, 3, generator=seeded(1), dtype=torch.float64)
    # Outputs and inputs by patch: [6, 6], the largest derivative between any of their entries.
    sees = jacobian(block, x).reshape(2, 6, 2, 6).abs().amax((0, 2))
    sees = sees.flip(0, 1) if index else sees
    assert (sees.triu(1) == 0).all()
    assert (sees.tril(-1)[torch.ones(6, 6).tril(-1) == 1] > 0).all()
    within = jacobian(block, x).reshape(2, 6, 2, 6).diagonal(dim1=1, dim2=3)
    assert (within[0, 1] == 0).all(), "the update of an entry depends on no other entry of its patch"
    assert (within[0, 0] > 0).all()


@pytest.mark.parametrize("grid", [(2, 3), (3, 3)])
@pytest.mark.parametrize("index", range(4))
def test_a_coupling_changes_one_half_by_the_other(index, grid):
    config = TransformerConfig(block="coupling", **SMALL)
    block = randomise(coupling_block(config, index, 3, grid, seeded()).double(), size=0.4)
    patches = grid[0] * grid[1]
    x = torch.rand(3, *grid, generator=seeded(1), dtype=torch.float64)
    numbers = torch.arange(3 * patches).reshape(3, *grid)
    rows, columns = torch.arange(grid[0])[:, None], torch.arange(grid[1])
    read = {
        0: ((rows + columns) % 2 == 0).expand(3, *grid),
        1: ((rows + columns) % 2 == 1).expand(3, *grid),
        2: (numbers < patches),
        3: (numbers >= patches),
    }[index].flatten()
    J = jacobian(block, x)
    torch.testing.assert_close(J[read], torch.eye(3 * patches, dtype=torch.float64)[read])
    off_diagonal = J[~read][:, ~read].clone()
    off_diagonal.fill_diagonal_(0)
    assert (off_diagonal == 0).all()
    assert (J[~read][:, read] != 0).all(), "attention lets every changed entry see all that are read"


def test_a_new_flow_normalises_and_rotates_and_its_updates_do_nothing():
    model = TransformerFlow((3, 4, 4), TransformerConfig(**SMALL)).double()
    x = images(model, 60)
    model.initialise(x)
    z, log_det = model(x)
    std, mean = torch.std_mean(z, dim=0, correction=0)
    torch.testing.assert_close(std, torch.ones_like(std))
    torch.testing.assert_close(mean, torch.zeros_like(mean), rtol=0, atol=1e-10)
    assert len(log_det.unique()) == 1
    torch.testing.assert_close(jacobian(model, x[0]), jacobian(model, x[1]))


def test_without_mixing_entries_of_a_patch_meet_in_the_networks_alone():
    model = TransformerFlow((3, 4, 4), TransformerConfig(mixing=False, **SMALL)).double()
    J = jacobian(model, images(model, 1)[0])
    assert ((J != 0).sum(1) == 1).all()
    assert not any("lower_upper" in name for name, _ in model.named_parameters())


def test_the_log_scale_of_an_affine_update_is_bounded():
    model = transformer((1, 4, 4), blocks=1)
    block = model.chain.bijections()[-1]
    with torch.no_grad():
        block.network.head.bias.fill_(-1e4)
        changed = 12  # the first patch of four is not changed
        torch.testing.assert_close(
            block(torch.zeros(1, 4, 2, 2, dtype=torch.float64))[1],
            torch.tensor([-LARGEST_LOG_SCALE * changed], dtype=torch.float64),
        )


def test_attention_is_the_formula_with_torchs_kernel_and_with_the_plain_one():
    q, k, v = torch.randn(3, 2, 2, 5, 4, generator=seeded(), dtype=torch.float64)
    for is_causal in (False, True):
        scores = q @ k.mT / 2
        if is_causal:
            scores = scores.masked_fill(torch.ones(5, 5).triu(1) == 1, -torch.inf)
        expected = scores.softmax(-1) @ v
        torch.testing.assert_close(network.attention(q, k, v, is_causal), expected)
        mapped = torch.func.vmap(lambda q, k, v, c=is_causal: network.attention(q[None], k[None], v[None], c)[0])
        torch.testing.assert_close(mapped(q, k, v), expected)


def test_images_are_refused_with_what_suits():
    for shape, block, words in (
        ((1, 5, 4), "causal", "divisible by 2"),
        ((1, 2, 2), "causal", "two patches at least"),
        ((28, 28), "causal", r"\(C, H, W\)"),
    ):
        with pytest.raises(ShapeError, match=words):
            TransformerFlow(shape, TransformerConfig(block=block))
    with pytest.raises(ShapeError, match="choose causal blocks"):
        TransformerFlow((1, 4, 4), TransformerConfig(block="coupling", patch=1))
    model = TransformerFlow((1, 4, 4), TransformerConfig(**SMALL))
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        model.initialise(torch.full((4, 1, 4, 4), torch.nan))


def test_seed_decides_the_weights_and_the_global_state_is_left_alone():
    state = torch.get_rng_state()
    first, again, other = (TransformerFlow((1, 4, 4), TransformerConfig(**SMALL), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("block", ["coupling", "causal"])
def test_bfloat16_autocast_keeps_density_in_float32_and_the_gradient_direction(block):
    model = transformer((3, 8, 8), block=block, width=16).float()
    x = images(model, 16)

    def gradient(enabled):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            log_prob = model.log_prob(x)
        assert log_prob.dtype == torch.float32
        return torch.cat([g.flatten() for g in torch.autograd.grad(log_prob.mean(), list(model.parameters()))])

    assert functional.cosine_similarity(gradient(True), gradient(False), dim=0) > 0.995

"""A small vision transformer on patches: pre-norm layers of self-attention (Dosovitskiy et al. 2021, arXiv 2010.11929).

Its last layer starts at zero, so that the block that uses it starts as the identity.
"""

from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from experiments.models.activations import make_activation
from experiments.models.config import ActivationName
from experiments.models.families.transformer.config import MLP_RATIO, TransformerConfig

POSITION_STD = 0.1
"""Standard deviation of the learned positions at the start, beside patches of unit variance."""


class Past(NamedTuple):
    """Keys and values of the tokens so far, for sequential evaluation."""

    keys: Float[Tensor, "B heads N k"]
    values: Float[Tensor, "B heads N k"]


class SelfAttention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762, section 3.2).

    Parameters
    ----------
    width, heads : int
        Numbers of a token, and the heads that they are divided among.
    is_causal : bool
        Whether a token sees only itself and those before it.
    generator : torch.Generator
        Draws the first weights.
    """

    def __init__(self, width: int, heads: int, is_causal: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.is_causal = is_causal
        self.project = linear(width, 3 * width, generator)
        self.join = linear(width, width, generator)

    def forward(self, x: Float[Tensor, "B N width"]) -> Float[Tensor, "B N width"]:
        """Attend within the whole sequence."""
        queries, keys, values = self._heads(x)
        return self._joined(attention(queries, keys, values, self.is_causal))

    def extend(self, x: Float[Tensor, "B 1 width"], past: Past | None) -> tuple[Float[Tensor, "B 1 width"], Past]:
        """Attend from one more token to itself and those before it."""
        queries, keys, values = self._heads(x)
        if past is not None:
            keys, values = torch.cat((past.keys, keys), dim=2), torch.cat((past.values, values), dim=2)
        return self._joined(attention(queries, keys, values, is_causal=False)), Past(keys, values)

    def _heads(self, x: Float[Tensor, "B N width"]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each [B, heads, N, width / heads]."""
        queries, keys, values = self.project(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return queries, keys, values

    def _joined(self, attended: Float[Tensor, "B heads N k"]) -> Float[Tensor, "B N width"]:
        joined: Tensor = self.join(attended.transpose(1, 2).flatten(2))
        return joined


class TransformerLayer(nn.Module):
    """`x + attention(norm(x))`, then the same with a two-layer network: a pre-norm layer."""

    def __init__(self, config: TransformerConfig, is_causal: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = SelfAttention(config.width, config.heads, is_causal, generator)
        self.mlp_norm = nn.LayerNorm(config.width)
        self.mlp = _mlp(config.width, config.activation, generator)

    def forward(self, x: Float[Tensor, "B N width"]) -> Float[Tensor, "B N width"]:
        """Evaluate the layer on a whole sequence."""
        return self._after_attention(x, self.attention(self.attention_norm(x)))

    def extend(self, x: Float[Tensor, "B 1 width"], past: Past | None) -> tuple[Float[Tensor, "B 1 width"], Past]:
        """Evaluate the layer on one more token."""
        attended, past = self.attention.extend(self.attention_norm(x), past)
        return self._after_attention(x, attended), past

    def _after_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        x = x + attended
        changed: Tensor = x + self.mlp(self.mlp_norm(x))
        return changed


class PatchTransformer(nn.Module):
    """From the entries of N tokens to the settings of an update, one vector for each token.

    Parameters
    ----------
    config : TransformerConfig
        Depth, width, heads and activation.
    tokens : int
        Length N of the sequence.
    entries_in, numbers_out : int
        Entries of a token, and numbers of the result for each token.
    is_causal : bool
        Whether the result for a token depends only on it and those before it.
    generator : torch.Generator
        Draws the first weights; the last layer starts at zero.
    """

    def __init__(
        self,
        config: TransformerConfig,
        tokens: int,
        entries_in: int,
        numbers_out: int,
        is_causal: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.embed = linear(entries_in, config.width, generator)
        self.positions = nn.Parameter(POSITION_STD * torch.randn(tokens, config.width, generator=generator))
        self.layers = nn.ModuleList(TransformerLayer(config, is_causal, generator) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.head = linear(config.width, numbers_out, None)

    def forward(self, tokens: Float[Tensor, "B N E"]) -> Float[Tensor, "B N P"]:
        """Return the settings for every token, in the tokens' precision even under autocast."""
        x = self.embed(tokens) + self.positions
        for layer in self.layers:
            x = layer(x)
        settings: Tensor = self.head(self.norm(x))
        return settings.to(tokens.dtype)

    def extend(
        self, token: Float[Tensor, "B 1 E"], position: int, pasts: list[Past | None]
    ) -> tuple[Float[Tensor, "B 1 P"], list[Past | None]]:
        """Return the settings for one more token, and what the next one needs of the sequence so far.

        Parameters
        ----------
        position
            Its number in the sequence.
        pasts
            One for each layer; `no_past()` for the first token.
        """
        x = self.embed(token) + self.positions[position]
        extended: list[Past | None] = []
        for layer, past in zip(self.layers, pasts, strict=True):
            x, so_far = cast(TransformerLayer, layer).extend(x, past)
            extended.append(so_far)
        return self.head(self.norm(x)), extended

    def no_past(self) -> list[Past | None]:
        """What the first token of a sequence needs: nothing."""
        return [None] * len(self.layers)


def attention(queries: Tensor, keys: Tensor, values: Tensor, is_causal: bool) -> Float[Tensor, "B heads N k"]:
    """`softmax(q k' / sqrt k) v`, by torch's choice of kernel, or by the plain one under function transforms.

    The fused kernels have no forward derivative and no second derivative (`curvature.expand` sees to that by itself).
    """
    if torch._C._are_functorch_transforms_active():
        with sdpa_kernel(SDPBackend.MATH):
            return scaled_dot_product_attention(queries, keys, values, is_causal=is_causal)
    return scaled_dot_product_attention(queries, keys, values, is_causal=is_causal)


def linear(numbers_in: int, numbers_out: int, generator: torch.Generator | None) -> nn.Linear:
    """Return a linear layer: weights of variance 1/numbers_in from `generator`, or zeros without one; zero bias."""
    # skip_init: the constructor would draw from torch's global random state.
    layer = nn.utils.skip_init(nn.Linear, numbers_in, numbers_out)
    if generator is None:
        nn.init.zeros_(layer.weight)
    else:
        nn.init.normal_(layer.weight, std=numbers_in**-0.5, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def _mlp(width: int, activation: ActivationName, generator: torch.Generator) -> nn.Sequential:
    hidden = MLP_RATIO * width
    return nn.Sequential(
        linear(width, hidden, generator), make_activation(activation), linear(hidden, width, generator)
    )

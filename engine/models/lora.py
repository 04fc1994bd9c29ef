"""LoRA files: low-rank changes to weights (arXiv:2106.09685), as immutable patches.

W' = W + strength * (alpha / rank) * B A. For convolutions (LoCon) A has the kernel and B is 1×1;
with a core tensor ("mid") the change is B M A along the two channel axes (arXiv:2309.14859).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import torch

from engine.errors import FileFormatError
from engine.models.component import Component
from engine.models.reading import WeightFile

_PART: Final = re.compile(
    r"^(?P<module>.+?)[._](?P<part>lora_down\.weight|lora_up\.weight|lora_mid\.weight"
    r"|lora_A\.weight|lora_B\.weight|lora\.down\.weight|lora\.up\.weight)$"
)
_ROLES: Final = {
    "lora_down.weight": "down",
    "lora_A.weight": "down",
    "lora.down.weight": "down",
    "lora_up.weight": "up",
    "lora_B.weight": "up",
    "lora.up.weight": "up",
    "lora_mid.weight": "mid",
}
_OTHER_METHODS: Final = {
    "dora_scale": "DoRA", "hada_w1_a": "LoHa", "hada_w1_b": "LoHa", "lokr_w1": "LoKr",
    "lokr_w1_a": "LoKr", "oft_blocks": "OFT", "oft_diag": "OFT",
}  # fmt: skip
_UNET_PREFIXES: Final = ("lora_unet_", "unet_", "diffusion_model_", "model_diffusion_model_", "")
_TEXT_PREFIXES: Final = (
    "lora_te_", "lora_te1_", "lora_te_text_model_", "lora_te1_text_model_",
    "text_encoder_", "text_encoder_text_model_", "text_model_",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _LowRank:
    """Where one module's factors lie in the file."""

    down: str
    up: str
    mid: str | None
    alpha: str | None


class Lora:
    """A LoRA file: modules by their name with every separator turned into "_".

    Raises: FileFormatError, when a module lacks one of its factors, factors do not fit each other
        or the file uses another method than LoRA and LoCon.
    """

    def __init__(self, source: WeightFile, key: str) -> None:
        self.source, self.key = source, key
        self.modules: Mapping[str, _LowRank] = _read_modules(source)

    def unet_patch(self, component: Component, strength: float) -> LoraPatch:
        """Return the change to a diffusion model."""
        return self._patch(component, strength, _UNET_PREFIXES)

    def text_patch(self, component: Component, strength: float) -> LoraPatch:
        """Return the change to a text network."""
        return self._patch(component, strength, _TEXT_PREFIXES)

    @staticmethod
    def is_for_text(module: str) -> bool:
        """Whether a module's name says that it changes a text network."""
        return module.startswith(("lora_te", "text_encoder", "text_model"))

    def unmatched(self, patches: Iterable[LoraPatch]) -> list[str]:
        """List what none of the patches uses, sorted: modules, and weights of unknown meaning."""
        used = {module for patch in patches for module in patch.modules.values()}
        factors = [(f.down, f.up, f.mid, f.alpha) for f in self.modules.values()]
        read = {name for names in factors for name in names}
        return sorted(set(self.modules) - used) + sorted(set(self.source) - read)

    def _patch(self, component: Component, strength: float, prefixes: tuple[str, ...]) -> LoraPatch:
        matched: dict[str, str] = {}
        for weight, stored in component.names.items():
            for base in _spellings(weight, stored):
                found = next((p + base for p in prefixes if p + base in self.modules), None)
                if found is not None:
                    matched[weight] = found
                    break
        return LoraPatch(self, strength, matched)


@dataclass(frozen=True, eq=False)
class LoraPatch:
    """One LoRA at one strength on one network; equal patches share placed weights.

    Attributes:
        modules: Weight of the network -> module of the LoRA.
    """

    lora: Lora
    strength: float
    modules: Mapping[str, str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoraPatch) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, float]:
        return self.lora.key, self.strength

    def touches(self, name: str) -> bool:
        """Whether the weight of that name changes."""
        return name in self.modules

    def apply(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """Return `weight` (float32, written to) with the change added."""
        module, source = self.modules[name], self.lora.source
        factors = self.lora.modules[module]
        down, up = (source[n].to(weight.device, torch.float32) for n in (factors.down, factors.up))
        rank = down.shape[0]
        alpha = float(source[factors.alpha]) if factors.alpha else float(rank)
        change = _product(up, down, source[factors.mid] if factors.mid else None)
        if change.shape[:2] != weight.shape[:2] or change.numel() != weight.numel():
            raise FileFormatError(
                source.path,
                f'module "{module}" changes a weight of shape {list(change.shape)}, but "{name}"'
                f" has {list(weight.shape)}",
                "The LoRA was made for another kind of model.",
            )
        return weight.add_(change.reshape(weight.shape), alpha=self.strength * alpha / rank)


def _product(up: torch.Tensor, down: torch.Tensor, mid: torch.Tensor | None) -> torch.Tensor:
    if mid is not None:
        core = mid.to(up.device, torch.float32)
        return torch.einsum("or,rsyx,si->oiyx", up.flatten(1), core, down.flatten(1))
    return (up.flatten(1) @ down.flatten(1)).reshape(up.shape[0], *down.shape[1:])


def _read_modules(source: WeightFile) -> dict[str, _LowRank]:
    found: dict[str, dict[str, str]] = {}
    alphas: dict[str, str] = {}
    for name in source:
        match = _PART.match(name)
        if match:
            roles = found.setdefault(_flat(match["module"]), {})
            roles[_ROLES[match["part"]]] = name
        elif name.endswith(".alpha"):
            alphas[_flat(name.removesuffix(".alpha"))] = name
        _refuse_other_methods(source, name)
    for module, roles in found.items():
        if not {"down", "up"} <= set(roles):
            raise FileFormatError(source.path, f'module "{module}" lacks one of its two factors')
    modules = {
        module: _LowRank(roles["down"], roles["up"], roles.get("mid"), alphas.get(module))
        for module, roles in found.items()
    }
    for module, factors in modules.items():
        if not _fit(source, factors):
            raise FileFormatError(source.path, f'the factors of module "{module}" do not fit')
    return modules


def _refuse_other_methods(source: WeightFile, name: str) -> None:
    method = _OTHER_METHODS.get(name.rpartition(".")[2])
    if method:
        raise FileFormatError(source.path, f"it uses {method}, which is not supported")


def _fit(source: WeightFile, factors: _LowRank) -> bool:
    """Whether the ranks of a module's factors agree; reads no weights."""
    down, up = (source.tensors[name].shape for name in (factors.down, factors.up))
    core = source.tensors[factors.mid].shape if factors.mid else (*up[1:2], *down[:1])
    alpha = source.tensors[factors.alpha].shape if factors.alpha else ()
    agree = len(down) >= 2 <= len(up) and core[:2] == (up[1], down[0])
    dense = factors.mid is not None or up[1:2] == down[:1]
    return agree and dense and min(up[1], down[0]) > 0 and alpha in ((), (1,))


def _flat(module: str) -> str:
    """Return a module's name with "_" as the only separator."""
    flat = module.replace(".", "_")
    # diffusers' first format names the attention processor; its projections lack the list index.
    flat = re.sub(r"_processor_(to_[qkv])$", r"_\1", flat)
    return re.sub(r"_processor_to_out$", "_to_out_0", flat)


def _spellings(weight: str, stored: str) -> Iterator[str]:
    """Yield the names a LoRA may use for a weight: the network's own and the file's."""
    for name in (weight, stored.removeprefix("model.diffusion_model.")):
        if name.endswith(".weight"):
            yield name.removesuffix(".weight").replace(".", "_")

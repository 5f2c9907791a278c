"""What is measured: every loss of the registry, at the sizes that decide whether it is fast."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..registry import LOSSES, Loss

BIG = 2**24
USUAL = 2**22
SMALL = 2**14
SWEEP = range(8, 21, 2)
SWEPT = ("mse", "bce_with_logits", "cross_entropy", "dice", "contrastive", "td_error")
# Entries of one sample in families whose losses do not take arrays of any shape.
SAMPLE = {
    **{"rowwise": (100,), "distilled": (100,), "regional": (4, 256), "embedding": (128,), "action_value": (18,)},
    **{"head": (128,), "similarity": (4096,), "clouds": (64, 16), "ranked": (100,), "sequence": (16, 80)},
    **{"ordered": (4, 256)},
}
# The same of losses of whole examples, whose axes are their own.
SAMPLES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("barlow_twins", "vicreg", "koleo", "batch_hard_triplet", "proxy_anchor"), (64, 64)),
    **{"cosent": (64,), "proxy_nca": (64,)},
    "categorical_td": (51,),
    "crf": (50, 10),
    "crps_ensemble": (50,),
    "deephit": (256, 20),
    "dino": (1000,),
    "energy_score": (16, 8),
    "entropy": (100,),
    **dict.fromkeys(("cl_dice", "hausdorff_dt", "image_variation", "unified_focal"), (64, 64)),
    "load_balancing": (256, 64),
    "neural_ndcg": (50,),
    "multi_quantile": (9,),
    "multi_resolution_stft": (4000,),
    **dict.fromkeys(("pit_mse", "pit_si_sdr"), (4, 1000)),
    "quantile_huber": (200,),
    "ranked_probability": (10,),
    **dict.fromkeys(("rmsse", "wape"), (64,)),
    "router_z_loss": (100,),
    "si_sdr": (1000,),
    "soft_dtw": (100, 2),
    "transducer": (50, 9, 64),
    **{"transducer_lattice": (50, 9), "transducer_pruned": (50, 5, 64), "transducer_simple": (50, 64)},
    "variogram_score": (16, 8),
    "ms_ssim": (192, 192),
    "ssim": (64, 64),
    **dict.fromkeys(("logistic_hazard", "mtlr", "pc_hazard", "pmf_survival"), (30,)),
    **{"mixture_nll": (10,), "mixture_vector_nll": (10,), "seesaw": (100,)},
    **dict.fromkeys(("dirichlet_multinomial_nll", "dirichlet_nll"), (10,)),
}


@dataclass(frozen=True)
class Case:
    """One loss at one shape of its prediction; `scorecard` marks those that targets are set for.

    `own` is the loss where it is one of a user's law, which the registry does not have.
    """

    loss: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    scorecard: bool = False
    own: Loss | None = None

    @property
    def record(self) -> Loss:
        """What the library knows about the loss."""
        return self.own or LOSSES[self.loss]

    @property
    def keywords(self) -> dict[str, Any]:
        """The options, and of losses of lists where each of them begins."""
        if self.record.family != "ranked":
            return self.options
        return {**self.options, "groups": np.arange(0, self.size + 1, self.shape[1])}

    @property
    def size(self) -> int:
        """Elements of the prediction."""
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        """The loss with its options, its shape, and the dtype if that is not float32."""
        options = "".join(f", {name}={value}" for name, value in self.options.items())
        power = self.size.bit_length() - 1
        shape = f"2^{power}" if self.shape == (2**power,) else "(" + ", ".join(map(str, self.shape)) + ")"
        return f"{self.loss}{options} {shape}" + ("" if self.dtype == "float32" else f" {self.dtype}")

    def at_most(self, elements: int) -> Case:
        """The case with fewer samples, as many as make so many elements, and one at least."""
        sample = math.prod(self.shape[1:])
        return replace(self, shape=(max(1, min(self.shape[0], elements // sample)), *self.shape[1:]))


SCORECARD = (
    Case("mse", (BIG,)),
    Case("huber", (BIG,)),
    Case("bce_with_logits", (BIG,)),
    Case("focal", (BIG,)),
    Case("log_cosh", (BIG,)),
    Case("cross_entropy", (65536, 10)),
    Case("cross_entropy", (65536, 100)),
    Case("cross_entropy", (16384, 1000)),
    Case("cross_entropy", (1024, 32000)),
    Case("cross_entropy", (8, 19, 256, 256)),
    Case("kl_div", (16384, 1000), options={"from_logits": True}),
    Case("nll", (65536, 100)),
    Case("dice", (8, 4, 256, 256)),
    Case("contrastive", (65536, 128)),
    Case("td_error", (262144, 18)),
    Case("l2", (BIG,)),
    Case("mse", (BIG,), "float64"),
    Case("cross_entropy", (16384, 1000), "float64"),
)
ONE_CALL = Case("cross_entropy", (32, 10))
# Losses with more arithmetic than traffic: a second core should almost halve their time.
COMPUTE_BOUND = (Case("focal", (USUAL,)), Case("log_cosh", (USUAL,)), Case("cross_entropy", (65536, 10)))


def needed_options(loss: Loss) -> dict[str, Any]:
    """A value for each option that has no default; thresholds between four classes."""
    needed = [name for name, value in loss.defaults.items() if value is inspect.Parameter.empty]
    return {name: (-1.0, 0.0, 1.0) if name == "thresholds" else 0.5 for name in needed}


def shaped(loss: str, elements: int, own: Loss | None = None) -> Case:
    """A loss at about so many elements, in the shape that its family takes."""
    record = own or LOSSES[loss]
    known = None if own else SAMPLES.get(loss)
    sample = known or SAMPLE.get(record.family, (record.columns,) if record.columns > 1 else ())
    shape = (max(1, elements // math.prod(sample)), *sample)
    return Case(loss, shape, options=needed_options(record), own=own)


def cases() -> Iterator[Case]:
    """The scorecard first, one small call, then every loss of the registry that the scorecard leaves out."""
    for case in SCORECARD:
        yield replace(case, scorecard=True)
    yield ONE_CALL
    named = {case.loss for case in SCORECARD}
    yield from (shaped(loss, USUAL) for loss in LOSSES if loss not in named)


def sweep(loss: str) -> Iterator[Case]:
    """A loss from a few hundred elements to a million."""
    yield from (shaped(loss, 2**power) for power in SWEEP)

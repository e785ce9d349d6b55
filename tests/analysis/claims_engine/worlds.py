"""Tables of made-up worlds: one where every claim is true, one where every claim is false, and both with any noise."""

import math
from dataclasses import dataclass

import pandas as pd

CEILING = 0.7
RUNGS = ("published", "full", "taylor2", "path-3", "gaussian")
NO_PREDICTION = ("noise=uniform",)


@dataclass(frozen=True)
class World:
    """Whether the claims are true, and by how much all errors of gaps and of predictions are larger."""

    is_true: bool
    gap_noise: float = 1.0
    prediction_noise: float = 1.0

    def gaps(self):
        """Gaps of two models, by training set and input set."""
        own = 0.05 if self.is_true else 2.0
        small = {
            "svhn/test": -0.6 if self.is_true else 0.6,
            "cifar10/test:contrast=0.5": -0.5 if self.is_true else 2.5,
            "cifar10/test:luminance": -0.4 if self.is_true else 2.3,
            "cifar10/test:blur=2": -0.3 if self.is_true else -1.5,
            "constant=128": -0.69 if self.is_true else 0.65,
            "noise=uniform": 100.0 if self.is_true else 0.1,
        }
        swapped = 30.0 if self.is_true else -0.9
        return {"cifar10": {"cifar10/test": own, **small}, "svhn": {"svhn/test": own, "cifar10/test": swapped}}

    def predicted(self, rung, input_set, gap):
        """Right in the true world; with the wrong sign and size in the false one."""
        if rung == "full" and ("constant" in input_set or ":" in input_set):
            return -0.4 if self.is_true else 0.4
        return gap if self.is_true else -3 * gap

    @property
    def gap_se(self):
        return 0.001 * self.gap_noise

    @property
    def prediction_se(self):
        return 0.001 * self.prediction_noise

    def tables(self):
        """All tables that claims read."""
        families = self.families()
        return {
            "gaps": self.gaps_table(),
            "ladder": self.ladder("reference"),
            "comparison": self.ladder("a run"),
            "families": families,
            "measurements": families.rename(columns={"preset": "run"}),
            "waic": families.rename(columns={"preset": "run", "waic_gap": "gap", "waic_gap_se": "gap_se"}).dropna(
                subset=["gap"]
            ),
            "split": self.split(),
            "trajectory": self.trajectory(),
            "hessians": self.hessians(),
            "attribution": self.attribution(),
        }

    def gaps_table(self):
        rows = [
            {
                "model": train,
                "train_set": train,
                "input_set": shown,
                "bpd": 4 + gap,
                "bpd_se": self.gap_se,
                "gap_to_train": gap,
                "gap_to_train_se": self.gap_se,
            }
            for train, gaps in self.gaps().items()
            for shown, gap in gaps.items()
        ]
        return pd.DataFrame(rows)

    def ladder(self, run):
        rows = [
            {
                "run": train if run == "reference" else f"{run} {train}",
                "model": "glow-additive-2x8-w64-silu",
                "family": "glow",
                "train_set": train,
                "input_set": shown,
                "rung": rung,
                "predicted": self.predicted(rung, shown, gap),
                "predicted_se": self.prediction_se,
                "measured": gap,
                "measured_se": self.gap_se,
                "bpd": 4 + gap,
                "bpd_se": self.gap_se,
                "error_se": self.prediction_se,
                "ceiling": CEILING,
                "ceiling_se": self.gap_se / 2,
            }
            for train, gaps in self.gaps().items()
            for shown, gap in gaps.items()
            for rung in RUNGS
            if shown not in NO_PREDICTION
        ]
        return pd.DataFrame(rows)

    def families(self):
        models = {
            "small-vae": ("vae", "vae-8", math.nan),
            "small-pixelcnn": ("pixelcnn", "pixelcnn-5", math.nan),
            "small-glow": ("glow", "glow-additive-2x6-w48-silu", 0.0),
            "small-affine-glow": ("glow", "glow-affine-2x6-w48-silu", 0.8 if self.is_true else 0.2),
            "small-ensemble": ("ensemble", "ensemble-3x-glow-additive-2x4", 0.0),
            "small-embedding": ("embedding", "embedding-rotation-32", math.nan),
            "small-realnvp-cycle": ("realnvp", "realnvp-cycle-affine-1x4", math.nan),
            "small-realnvp-checkerboard": ("realnvp", "realnvp-checkerboard-affine-1x4", math.nan),
            "small-realnvp-horizontal": ("realnvp", "realnvp-horizontal-affine-1x4", math.nan),
        }
        return pd.DataFrame(
            [
                self.family(index, preset, *model, shown)
                for index, (preset, model) in enumerate(models.items())
                for shown in ("cifar10/test", "svhn/test", "cifar10/test:contrast=0.5", "constant=128")
            ]
        )

    def family(self, index, preset, family, model, volume, shown):
        """A row of the study of families; its gaps differ between models so that no two are one measurement."""
        gap = self.gaps()["cifar10"][shown] + 1e-6 * (index + 1)
        waic = (0.4 if self.is_true else -0.4) if family == "ensemble" else math.nan
        return {
            "preset": preset,
            "family": family,
            "model": model,
            "train_set": "cifar10",
            "input_set": shown,
            "bpd": 4 + gap,
            "bpd_se": self.gap_se,
            "measured": gap,
            "measured_se": self.gap_se,
            "auroc": self.auroc(preset) + 1e-6 * index,
            "auroc_se": self.gap_se,
            "taylor2": self.predicted("taylor2", shown, gap),
            "taylor2_se": self.prediction_se,
            "path_3": self.predicted("path-3", shown, gap),
            "path_3_se": self.prediction_se,
            "volume_share": volume,
            "volume_share_se": self.prediction_se,
            "waic_gap": waic,
            "waic_gap_se": self.gap_se,
        }

    def auroc(self, preset):
        if preset == "small-embedding":
            return 0.9 if self.is_true else 0.2
        if preset == "small-realnvp-cycle":
            return 0.4 if self.is_true else 0.6
        return 0.1 if self.is_true else 0.9

    def trajectory(self):
        gaps = {0: -0.3, 100: -0.6} if self.is_true else {0: 0.3, 100: -0.6}
        row = {"run": "r", "model": "glow", "family": "glow", "train_set": "cifar10", "input_set": "svhn/test"}
        rows = [
            {**row, "rung": rung, "step": step, "predicted": gap, "measured": gap, "measured_se": self.gap_se}
            for step, gap in gaps.items()
            for rung in ("full", "taylor2")
        ]
        return pd.DataFrame(rows)

    def split(self):
        """Two small parts beside the second order, or two large ones that cancel."""
        size = 0.01 if self.is_true else 0.4
        gaps = {"second order": -0.6, "higher orders": size, "beyond two moments": -size, "measured": -0.6}
        row = {"run": "r", "model": "glow", "family": "glow", "train_set": "cifar10", "input_set": "svhn/test"}
        row["gap_se"] = self.prediction_se
        return pd.DataFrame([{**row, "part": part, "gap": gap} for part, gap in gaps.items()])

    def hessians(self):
        row = {"run": "r", "model": "glow", "family": "glow", "train_set": "cifar10", "step": 100}
        highest = {"highest_eigenvalue": -2.0 if self.is_true else 2.0, "highest_residual": self.gap_se}
        return pd.DataFrame([{**row, **highest, "input_set": name} for name in ("cifar10/train", "svhn/test")])

    def attribution(self):
        size = 0.0 if self.gap_noise > 1 else 30.0
        nats = size if self.is_true else -size
        rows = [
            ("constant=128", "Gauss-Newton", nats),
            ("svhn/test", "Gauss-Newton", -5.0),
            ("constant=128", "a", -1.0),
        ]
        return pd.DataFrame(rows, columns=["input_set", "part", "nats"]).assign(run_directory="runs/r")

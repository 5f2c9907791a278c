"""Losses of students that have no labels, written down in PyTorch as their authors' code has them."""

from __future__ import annotations

from typing import Any

from twins.twin import Options, Random, Twin


def _dino(t: Any, student: Any, teacher: Any, center: Any, **temperatures: float) -> Any:
    wanted = t.softmax((teacher - t.tensor(center)) / temperatures["teacher_temperature"], dim=-1).detach()
    return (-wanted * t.log_softmax(student / temperatures["student_temperature"], dim=-1)).sum()


def _sharpened(random: Random) -> Options:
    temperatures = {f"{who}_temperature": float(random.uniform(0.2, 1.0)) for who in ("student", "teacher")}
    return {**temperatures, "center": random.normal(size=5)}


TWINS = [Twin("torch", "DINOLoss of its authors, one pair of views", "dino", _dino, _sharpened)]

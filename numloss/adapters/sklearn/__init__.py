"""numloss in scikit-learn: pipelines, searches and cross-validation work on its networks.

    from numloss.adapters.sklearn import NumlossClassifier
    NumlossClassifier("focal", loss_options={"gamma": 1.5}).fit(X, y)
"""

from __future__ import annotations

from ...common.extras import optional as _optional

_optional("sklearn", "train", "numloss.adapters.sklearn")
from .estimators import NumlossClassifier, NumlossRegressor  # noqa: E402

__all__ = ["NumlossClassifier", "NumlossRegressor"]

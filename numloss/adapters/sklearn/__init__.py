"""numloss in scikit-learn: losses score any estimator, and networks are estimators.

    from numloss.adapters.sklearn import NumlossClassifier, scorer
    NumlossClassifier("focal", loss_options={"gamma": 1.5}).fit(X, y)
    cross_val_score(model, X, y, scoring=scorer("focal", gamma=1.5))
"""

from __future__ import annotations

from ...common.extras import optional as _optional

_optional("sklearn", "train", "numloss.adapters.sklearn")
from .estimators import NumlossClassifier, NumlossRegressor  # noqa: E402
from .scoring import scorer  # noqa: E402

__all__ = ["NumlossClassifier", "NumlossRegressor", "scorer"]

"""scikit-learn searches for the gamma of the focal loss, as for any parameter of an estimator."""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from numloss.adapters.sklearn import NumlossClassifier


def main() -> None:
    """Three values of gamma, three folds each."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    model = make_pipeline(StandardScaler(), NumlossClassifier("focal", epochs=15, random_state=0))
    options = [{"gamma": gamma} for gamma in (0.5, 1.0, 2.0)]
    search = GridSearchCV(model, {"numlossclassifier__loss_options": options}, cv=3)
    search.fit(X_train, y_train)
    for tried, score in zip(options, search.cv_results_["mean_test_score"], strict=True):
        print(f"gamma {tried['gamma']}: accuracy {score:.1%} over the folds")
    best = search.best_params_["numlossclassifier__loss_options"]["gamma"]
    print(f"gamma {best} is best; accuracy on {len(y_test)} digits never seen: {search.score(X_test, y_test):.1%}")


if __name__ == "__main__":
    main()

"""Train the reason classifier on the seed corpus and export its weights (development only).

Run: `python -m tools.train_reading`. Needs scikit-learn, which the product itself never imports.
"""

import argparse
import math
import random
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from makegood.reading.features import features
from makegood.reading.model import SCALE, WEIGHTS, Model, encode
from makegood.reading.normalise import normalise, without_values

CORPUS = Path(__file__).parent / "reading_corpus.txt"
SEED = 7
BEFORE = (
    "",
    "你好，",
    "客服，",
    "急，",
    "麻烦看下，",
    "老板",
    "我在你们这买的，",
    "hi, ",
    "hello, ",
    "",
)
AFTER = (
    "",
    "，退款",
    "，怎么办",
    "，麻烦处理",
    "，请补发",
    "，谢谢",
    ", please help",
    ", refund please",
    "",
    "！",
)
FOLDS = 5
KEPT_WEIGHT = 7 / SCALE


def main() -> None:
    """Report cross-validated figures, then train on everything and write the weights."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=WEIGHTS)
    out = options.parse_args().out
    texts, labels = read_corpus(CORPUS)
    margins = cross_margins(texts, labels)
    codes = sorted(set(labels))
    slope = best_slope(margins, labels, codes)
    report(margins, labels, codes, slope, texts)
    model = fit(texts, labels, slope)
    raw = encode(model)
    out.write_bytes(raw)
    print(f"{out.name}: {len(raw):,} bytes, {len(model.weights):,} features")


def read_corpus(path: Path) -> tuple[list[str], list[str]]:
    """Texts with their reason codes; a line `# CODE` begins a class."""
    texts, labels, code = [], [], ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            code = line[2:].strip()
        elif line.strip():
            texts.append(line.strip())
            labels.append(code)
    return texts, labels


def varied(texts: list[str], labels: list[str]) -> tuple[list[str], list[str]]:
    """Each text as it is, and once with greetings and requests that say nothing of the reason."""
    draw = random.Random(SEED)
    more = [draw.choice(BEFORE) + text + draw.choice(AFTER) for text in texts]
    return texts + more, labels + labels


def fit(texts: list[str], labels: list[str], slope: float) -> Model:
    """A linear model over binary features, scaled by the root of their number."""
    texts, labels = varied(texts, labels)
    rows = [features(without_values(normalise(text))) for text in texts]
    counts: dict[str, int] = {}
    for row in rows:
        for feature in row:
            counts[feature] = counts.get(feature, 0) + 1
    names = sorted(feature for feature, count in counts.items() if count >= 2)
    place = {feature: number for number, feature in enumerate(names)}
    svc = LinearSVC(C=1.0, class_weight="balanced", random_state=SEED)
    svc.fit(matrix(rows, place), labels)
    codes = tuple(str(code) for code in svc.classes_)
    weights = {}
    for feature, number in place.items():
        column = svc.coef_[:, number]
        pairs = tuple(
            (index, round(float(value) * SCALE))
            for index, value in enumerate(column)
            if abs(value) >= KEPT_WEIGHT
        )
        if pairs:
            weights[feature] = pairs
    return Model(codes, tuple(float(one) for one in svc.intercept_), slope, weights)


def matrix(rows: list[set[str]], place: dict[str, int]) -> csr_matrix:
    """Binary rows, each divided by the root of its known features."""
    data, indices, starts = [], [], [0]
    for row in rows:
        known = [place[feature] for feature in sorted(row) if feature in place]
        indices.extend(known)
        data.extend([1 / math.sqrt(len(known) or 1)] * len(known))
        starts.append(len(indices))
    return csr_matrix((data, indices, starts), shape=(len(rows), len(place)))


def cross_margins(texts: list[str], labels: list[str]) -> np.ndarray:
    """Margins of every text from a model that has not seen it."""
    codes = sorted(set(labels))
    out = np.zeros((len(texts), len(codes)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(texts, labels):
        model = fit([texts[i] for i in train], [labels[i] for i in train], 1.0)
        for i in test:
            out[i] = model._margins(without_values(normalise(texts[i])))
    return out


def best_slope(margins: np.ndarray, labels: list[str], codes: list[str]) -> float:
    """The slope of the softmax with the least loss on the held-out margins."""
    truth = np.array([codes.index(label) for label in labels])

    def loss(slope: float) -> float:
        raised = np.exp(slope * (margins - margins.max(axis=1, keepdims=True)))
        chosen = raised[np.arange(len(truth)), truth] / raised.sum(axis=1)
        return float(-np.log(chosen).mean())

    return min((step / 4 for step in range(2, 60)), key=loss)


def report(
    margins: np.ndarray, labels: list[str], codes: list[str], slope: float, texts: list[str]
) -> None:
    """Figures on texts that the model had not seen."""
    guess = [codes[i] for i in margins.argmax(axis=1)]
    right = [one == label for one, label in zip(guess, labels, strict=True)]
    groups = [label[:3] for label in labels], [one[:3] for one in guess]
    top3 = np.argsort(-margins, axis=1)[:, :3]
    hit3 = [codes.index(label) in row for label, row in zip(labels, top3, strict=True)]
    chinese = [any("\u4e00" <= char <= "\u9fff" for char in text) for text in texts]
    print(f"{len(labels)} texts, {len(codes)} classes, {FOLDS} folds, slope {slope}")
    print(f"accuracy {np.mean(right):.3f}, macro-F1 {f1_score(labels, guess, average='macro'):.3f}")
    print(f"top-3 {np.mean(hit3):.3f}, group macro-F1 {f1_score(*groups, average='macro'):.3f}")
    for name, wanted in (("zh", True), ("en", False)):
        part = [ok for ok, is_chinese in zip(right, chinese, strict=True) if is_chinese is wanted]
        print(f"{name}: accuracy {np.mean(part):.3f} of {len(part)}")


if __name__ == "__main__":
    main()

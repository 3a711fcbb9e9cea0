"""Made-up students: the law of gradient flow by a sum over a large random spectrum's quadrature, typed here by hand."""

import numpy as np


def curve(alpha: float, snr: float, t: float) -> tuple[float, float]:
    """Test and train error at time t over the teacher's power, alpha = examples over weights."""
    theta = (np.arange(800) + 0.5) * np.pi / 800
    values = 1 + alpha + 2 * np.sqrt(alpha) * np.cos(theta)
    weights = alpha * np.sin(theta) ** 2 / values / 400
    left = np.exp(-values * t)
    test = weights @ (left**2 + (1 - left) ** 2 / (values * snr)) + max(0, 1 - alpha)
    return float(test), float(weights @ (left**2 * (values + 1 / snr)) / alpha + max(0, 1 - 1 / alpha) / snr)


def rows(maker):
    for alpha in (0.25, 0.5, 1.0, 2.0):
        for snr in (0.5, 1.0, 4.0, 100.0):
            for t in np.geomspace(0.1, 100, 25):
                law = curve(alpha, snr, t)
                late = curve(alpha, snr, t * maker.bent.get("clock", 1.0))
                for source in ("notebook", "list"):
                    for seed in maker.seeds:
                        jitter = 1 + 0.002 * seed  # the same at all times: where the least error lies, is not blurred
                        yield {
                            "N": 60, "P": round(60 * alpha), "alpha": alpha, "units": 2000, "teacher_snr": snr, "source": source,
                            "seed": seed, "t": float(t), "test_error": late[0] * jitter * maker.bent.get("error", 1.0),
                            "train_error": late[1] * jitter + 1e-6, "recalled": 1.0, "notebook_train": 0.03,
                            "notebook_test": 2.0 + 1 / snr, "predicted_test": law[0], "predicted_train": law[1],
                        }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "C7-transfer-curves": ({}, {"bend": {"error": 1.4}}, ONE_SEED),
    "C7-stop": ({}, {"bend": {"clock": 2.0}}, ONE_SEED),
    "C7-worthless": ({}, {"bend": {"error": 3.0}}, ONE_SEED),
}

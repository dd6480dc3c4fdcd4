"""Starts the service of examples/service with a model that is slow, or fails, as asked.

Texts are commands: "sleep 0.5" takes half a second, "refuse" is a ValueError and "fail"
another error. The first task answers with the length of the text, the second with the
number of texts that were answered together. Real models are served in `test_service`.
"""

import atexit
import signal
import sys
import time
from pathlib import Path

import numpy as np


class Stub:
    """What the service needs of a model."""

    task_names_ = ["length", "together"]
    task_types_ = {"length": "multiclass", "together": "multilabel"}
    classes_ = [np.array([1, 2]), np.array(["few", "many"])]
    n_answered = 0

    def predict(self, texts, output):
        assert output == "dict"
        for text in texts:
            if text == "refuse":
                raise ValueError("row 0 is refused")
            if text == "fail":
                raise RuntimeError("a secret of the server")
            if text.startswith("sleep "):
                time.sleep(float(text.split()[1]))
        together = np.empty(len(texts), dtype=object)
        together[:] = [["n", str(len(texts))] for _ in texts]
        Stub.n_answered += len(texts)
        return {"length": np.array([len(text) for text in texts]), "together": together}

    def predict_proba(self, texts):
        return [np.tile([0.25, 0.75], (len(texts), 1)) for _ in self.task_names_]


def load_model(path, *, password, key, runtime):
    """Load the stub, and show what the service passes on."""
    if path == "broken":
        raise ValueError("it is broken")
    print(f"loaded {path} {password} {key} {runtime}", file=sys.stderr)
    return Stub()


if __name__ == "__main__":
    # Not above: pytest imports this module too, to look for examples in docstrings.
    sys.path.insert(
        0, str(Path(__file__).resolve().parents[1] / "examples" / "service")
    )
    import serve

    # uvicorn ends the process by the signal that it was sent, if nobody handles it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    atexit.register(lambda: print(f"answered {Stub.n_answered}", file=sys.stderr))
    serve.load_model = load_model
    sys.exit(serve.main())

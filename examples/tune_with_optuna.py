"""
Tuning with Optuna, with weak trials pruned after each epoch
============================================================

Optuna proposes settings, and a callback reports the validation score of every epoch to
it. A trial that lags behind the others is stopped early. Needs ``pip install optuna``.
"""

# %%
# Texts and tasks
# ---------------
#
# Docstrings of Python and of the installed libraries, with two tasks. Some cells of
# "n_parameters" are empty. A quarter of the rows is kept for the end.

import optuna
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import train_test_split

tasks = ["library", "n_parameters"]
frame = load_docstrings(as_frame=True).frame.sample(1000, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    frame["text"].str[:500], frame[tasks], random_state=0
)

# %%
# A callback that prunes
# ----------------------
#
# ``callbacks`` takes callbacks of skorch. After an epoch ``net.history[-1]`` holds
# ``valid_score_mean`` and ``valid_score_<task>``, provided that rows are set aside,
# which ``early_stopping=True`` does.
#
# A fit works on copies of its callbacks. Arguments of the constructor are not copied,
# so the trial is passed as one. The exception leaves ``fit`` as it is, and Optuna
# catches it. If the classifier was fitted before, that fit stays.


class PruneWithOptuna(Callback):
    """Reports each epoch to a trial, and ends the fit if the trial is to be pruned."""

    def __init__(self, trial, record="valid_score_mean"):
        self.trial = trial
        self.record = record

    def on_epoch_end(self, net, **kwargs):
        """Report the last epoch."""
        epoch = len(net.history)
        self.trial.report(net.history[-1][self.record], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"pruned after epoch {epoch}")


# %%
# Trials
# ------
#
# With one ``random_state`` all trials have the same validation rows. The value of a
# trial is the best score on these rows, of the epoch whose weights were kept.


def fit(trial):
    """Fit a classifier with the settings that a trial proposes."""
    classifier = MultiTaskTextClassifier(
        sharing=trial.suggest_categorical("sharing", ["shared-private", "hard"]),
        learning_rate_init=trial.suggest_float("learning_rate_init", 1, 500, log=True),
        alpha=trial.suggest_float("alpha", 1e-6, 1e-2, log=True),
        max_iter=12,
        batch_size=64,
        early_stopping=True,
        early_stopping_metric="f1_macro_mean",
        validation_fraction=0.25,
        callbacks=[PruneWithOptuna(trial)],
        random_state=0,
    )
    return classifier.fit(X_train, y_train)


def objective(trial):
    """Return the validation score of a trial."""
    classifier = fit(trial)
    return classifier.history_[classifier.best_iter_ - 1]["valid_score_mean"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
)
study.optimize(objective, n_trials=15)

pruned = study.get_trials(states=[optuna.trial.TrialState.PRUNED])
epochs = sum(len(trial.intermediate_values) for trial in study.trials)
print(f"{len(study.trials)} trials, {len(pruned)} of them pruned; {epochs} epochs.")
print(f"Best validation macro-F1: {study.best_value:.3f}, with")
for name, value in study.best_params.items():
    print(f"  {name:20}{value:.3g}" if name != "sharing" else f"  {name:20}{value}")

# %%
# Held-out rows
# -------------
#
# The best of many validation scores is an optimistic one. Rows that no trial saw tell
# whether the settings are better than the defaults. A ``FixedTrial`` proposes the best
# settings once more, without pruning.

chosen = fit(optuna.trial.FixedTrial(study.best_params))
default = MultiTaskTextClassifier(random_state=0).fit(X_train, y_train)
scorer = multitask_scorer("f1_macro")
held_out = {
    "chosen settings": scorer(chosen, X_test, y_test),
    "defaults": scorer(default, X_test, y_test),
}
print("\nMacro-F1 on held-out rows:")
for name, scores in held_out.items():
    each = ", ".join(f"{key} {scores[key]:.3f}" for key in (*tasks, "mean"))
    print(f"  {name:17}{each}")

"""Methods of the estimator for data that arrive in chunks."""

"""Methods that add tasks to a fitted estimator, or drop some."""

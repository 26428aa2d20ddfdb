"""The linear part of a fit: receptive fields, lagged covariances, ridge regression."""

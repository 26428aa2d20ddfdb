"""How far the parameters of a fit can be trusted: errors from the curvature and the scores."""

"""Writing facts into a trained model: methods, streams, the logit kernel, and the forecast made before the first write."""

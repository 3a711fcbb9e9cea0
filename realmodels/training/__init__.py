"""Making a model: recipes, optimisers, the training loop, and what a trained model is worth."""

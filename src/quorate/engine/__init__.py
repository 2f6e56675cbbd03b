"""Training many networks at once in PyTorch; imported late, because PyTorch is heavy."""

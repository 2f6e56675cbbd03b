"""Many networks trained at once, in PyTorch; imported late, as PyTorch is heavy."""

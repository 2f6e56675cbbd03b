"""Subgroups a deployed model serves badly: a distribution shift of images, or one attribute."""

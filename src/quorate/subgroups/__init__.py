"""Whom a deployed model serves badly: people under a shift of their images, or of one attribute."""

"""Universal adversarial perturbations: how they are crafted, stored and applied."""

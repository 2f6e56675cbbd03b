"""How differently a platform treats groups: fairness measures, with intervals."""

"""Base classes of learners and their parts; no learner that can be named."""

"""The pool: who is given which question, whose answers can be relied on, and what is agreed."""

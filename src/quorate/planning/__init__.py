"""What members can be sure of before anyone acts: from their own rows, on their own machine."""

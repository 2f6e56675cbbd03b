"""What members and organisers do from their own machine: requests to a coordinator."""

"""What was seen to the service: nothing lost, nothing twice."""

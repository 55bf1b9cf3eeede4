"""What can be calculated of the gates and their tasks, without training."""

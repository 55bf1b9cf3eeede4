"""What tests and exercises lean on: an oracle, wrong variants, one tiny tensor."""

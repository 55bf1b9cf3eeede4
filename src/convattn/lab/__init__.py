"""What the book measures with. The modules of ``convattn`` never import this package."""

"""The experiments of the book, one question a file; ``python -m convattn.lab.experiments NAME`` runs one.

Each file has its protocol as it was written before the run, ``draw``, the best result that can be reached, the arms in
``ARMS``, ``run`` for one arm and one seed, and ``SEEDS``.
"""

"""What people write first, and correctly: viewsets with a token, a throttle, select_related, and a row lock for stock.

`python -m benchmarks.references.drf` makes its tables, in a schema of their own beside ours, fills them with the
products of ours, and prints the token.
"""

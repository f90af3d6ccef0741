"""What changed for clients of the API since the last release, and whether the changelog tells it.

python -m scripts.changes            what changed, in lines for docs/changelog.md; fails while one of them is missing
python -m scripts.changes release    the version of openapi.yaml is released: closes the section, keeps its facts
"""

"""Questions with numbers: `python -m benchmarks [name …]`. A fast wrong answer fails."""

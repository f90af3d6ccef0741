"""The published schema against the running service: what fits is taken, what does not is refused, every answer fits.

`make fuzz` runs the same with more examples (FUZZ_EXAMPLES) and another seed (FUZZ_SEED).
"""

import os
import re
import subprocess
import sys

import pytest

from inventory.models import ApiKey
from tests.builders import main_location, make_key, make_product
from tests.live import ROOT, serving

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))  # for each operation, on top of the coverage phase
SEED = os.environ.get("FUZZ_SEED", "1")
CASES_AT_LEAST = 5_000


@pytest.mark.slow
@pytest.mark.timeout(60 + 30 * EXAMPLES)
def test_every_phase_of_schemathesis_finds_nothing(transactional_db):
    secret, skus = make_key(), [make_product(on_hand=100).sku for _ in range(5)]
    told = {
        "FUZZ_KEY_ID": str(ApiKey.objects.get().pk),
        "FUZZ_SKUS": " ".join(skus),
        "FUZZ_LOCATIONS": main_location().code,
        "PYTHONPATH": str(ROOT),
    }

    with serving() as origin:
        report = schemathesis(origin, secret, told)

    generated = re.search(r"(\d+) generated", report)
    assert generated is not None, report
    assert int(generated[1]) >= CASES_AT_LEAST
    print(report[report.rfind("SUMMARY") :])


def schemathesis(origin: str, secret: str, told: dict[str, str]) -> str:
    """The report of a run that found nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{origin}/api/schema"]
    options = ["-H", f"Authorization: Bearer {secret}", "-n", str(EXAMPLES), "--seed", SEED]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env=os.environ | told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    return done.stdout

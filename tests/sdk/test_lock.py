"""What brings the Node tools."""

from scripts.node import SDK


def test_the_lock_file_pins_by_hash_and_names_no_registry():
    lock = (SDK / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')

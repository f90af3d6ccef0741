"""What people see: the front page, the documentation, a page per error code; and what machines ask: health, metrics."""

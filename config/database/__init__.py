"""Django's PostgreSQL backend with a commit guard; used as `ENGINE = "config.database"`."""

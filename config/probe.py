"""Does the service answer here? `python -m config.probe [/health/ready]` is the container's health check."""

import os
import sys
import urllib.request


def answers(url: str, timeout_s: float = 5.0) -> bool:
    """Whether `url`, on this machine, gives 200. Called by a name that ALLOWED_HOSTS knows, and through no proxy."""
    names = [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name.strip()]
    name = names[0].removeprefix(".") if names else "localhost"
    request = urllib.request.Request(url, headers={"Host": "localhost" if name == "*" else name})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except OSError:  # refused, too late, or another status
        return False


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else "/health/ready"
    sys.exit(not answers(f"http://127.0.0.1:{os.environ.get('PORT') or 8000}{path}"))

# The image of the service: web server, worker and every `manage.py` command. Built and started by `make up`.
# Both stages have the same base, or the virtual environment would point at a Python that is not there.
FROM python:3.13-slim AS base

FROM base AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY requirements/bootstrap.txt requirements/base.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && python -m venv --without-pip /opt/venv
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --python /opt/venv/bin/python --require-hashes requirements/base.txt
COPY manage.py ./
COPY config config
COPY inventory inventory
COPY api api
RUN /opt/venv/bin/python -m compileall -q . \
    && /opt/venv/bin/python manage.py collectstatic --no-input

FROM base
LABEL org.opencontainers.image.title="Stockroom" \
    org.opencontainers.image.description="An inventory service whose numbers can be trusted" \
    org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin stockroom
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Nothing is written but to /tmp: run it with a read-only root and a tmpfs there.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["python", "-m", "config.probe"]
CMD ["python", "-m", "config.serve"]

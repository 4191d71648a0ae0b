# syntax=docker/dockerfile:1
# Two stages: one that installs what the lock file pins, one that only runs it. The image has no PostgreSQL and no
# compiler; give it LIANCHENG_DATABASE_URL and the identity keys (docs/operations.md).

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN python -m venv /opt/liancheng
COPY requirements-image.lock ./
RUN /opt/liancheng/bin/pip install --require-hashes -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY app/ app/
COPY liancheng/ liancheng/
COPY data/ data/
COPY migrations/ migrations/
# hatchling is pinned in pyproject.toml; the project's own dependencies are installed already.
RUN /opt/liancheng/bin/pip install --no-deps .

FROM python:3.11-slim-bookworm AS run
ENV PATH=/opt/liancheng/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LIANCHENG_HOST=0.0.0.0 \
    LIANCHENG_PORT=8000
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin liancheng
COPY --from=build /opt/liancheng /opt/liancheng
WORKDIR /
USER 10001:10001
EXPOSE 8000
# The process only: whether it can answer is /readyz, which belongs to the load balancer, not to a restart.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os,urllib.request as u; u.urlopen('http://127.0.0.1:'+os.environ['LIANCHENG_PORT']+'/healthz', timeout=2)"]
# SIGTERM lets it finish what it took in; give it longer than LIANCHENG_SHUTDOWN_GRACE before killing it.
STOPSIGNAL SIGTERM
ENTRYPOINT ["liancheng"]
CMD ["serve"]

# harvester in a container; docs/recipes/docker.md says how to use it. No secret is built in, and none is needed here.
FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

FROM python:3.11-slim-bookworm AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/harvester
WORKDIR /src
# Dependencies first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-cache --no-install-project
COPY README.md LICENSE ./
COPY connectors connectors
COPY harvester harvester
COPY scoring scoring
RUN uv sync --frozen --no-dev --no-cache --no-editable

FROM python:3.11-slim-bookworm
# Yours, so that the files of secrets can be closed to everybody else.
ARG UID=1000
RUN groupadd --gid "${UID}" harvester \
    && useradd --uid "${UID}" --gid "${UID}" --home-dir /data --no-create-home --shell /usr/sbin/nologin harvester \
    && install -d -o "${UID}" -g "${UID}" -m 750 /data
COPY --from=build /opt/harvester /opt/harvester
ENV PATH=/opt/harvester/bin:$PATH HARVEST_CONFIG=/config/config.toml PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
VOLUME ["/data"]
USER ${UID}
# As process 1 it gets this signal itself: every command here is called without a shell between.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5m --timeout=60s --start-period=15m --retries=3 CMD ["harvest", "status", "--quiet"]
ENTRYPOINT ["harvest"]
CMD ["daemon"]

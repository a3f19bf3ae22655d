# One image; the argument picks the room:  docker run pytake router   docker run pytake migrate
# Build:  docker build -t pytake .
ARG PYTHON=python:3.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
RUN python -m venv --without-pip /opt/pytake
# Dependencies first: this layer changes only with the lock. Wheels only: nothing is compiled.
COPY deploy/image/requirements.lock deploy/image/build.lock /locks/
RUN pip --python /opt/pytake install --require-hashes --no-deps --only-binary :all: -r /locks/requirements.lock \
 && pip install --require-hashes --no-deps --only-binary :all: -r /locks/build.lock
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY services services
# The package itself, and beside it the trust map, which migrations look for two folders above services/chassis.
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
 && pip --python /opt/pytake install --no-deps --no-index /wheels/*.whl
COPY deploy/postgres deploy/postgres
RUN cp -r deploy "$(/opt/pytake/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/" \
 && /opt/pytake/bin/python -m compileall -q /opt/pytake/lib

FROM ${PYTHON}
# No shell login, no home, no package manager of Python in the environment.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin pytake
COPY --from=build /opt/pytake /opt/pytake
ENV PATH=/opt/pytake/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/pytake
USER 10001:10001
# Webhooks and REST (ingress), gRPC, health and metrics.
EXPOSE 8000 7000 7001
STOPSIGNAL SIGTERM
ENTRYPOINT ["pytake", "serve"]

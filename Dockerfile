# The service, without pip's traces and without any decoder: it cannot open a picture even if it were handed one.

# A name that moves, for want of one that does not: docs/operating.md says how to pin it by its digest.
ARG PYTHON_IMAGE=python:3.11-slim
FROM ${PYTHON_IMAGE} AS build
COPY requirements-service.lock .
# The pip of the base image installs into a venv that has none itself. Wheels only, so no stranger's setup.py runs; no
# resolver, because the lock is complete.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --only-binary :all: -r requirements-service.lock \
    && pip --python /venv/bin/python check --disable-pip-version-check


FROM ${PYTHON_IMAGE}
# Unbuffered: the last log lines before a crash are the ones that matter.
# No bytecode: the root file system may be read-only, and is in compose.yaml.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Inside the container every address is the container's own; what is published outside is the runner's choice.
ENV TAKEBACK_HOST=0.0.0.0 TAKEBACK_STATE=/var/lib/takeback
# Where the index's compiled loops are kept from one start to the next.
ENV NUMBA_CACHE_DIR=/var/lib/takeback/compiled

# A fixed uid, so that volumes keep their owner from one image to the next; no shell, no home.
RUN useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin --uid 10001 --user-group takeback \
    && install --directory --mode 0700 --owner 10001 --group 10001 /var/lib/takeback

WORKDIR /app
COPY --from=build /venv /venv
# Of the device only the values; import-linter proves that the service asks for no more.
COPY hashing/__init__.py hashing/errors.py hashing/signals.py hashing/
# What owners' browsers run; here it is only handed out.
COPY hashing/browser hashing/browser
# The chain of evidence and its sizes, which device and service have to have alike.
COPY hashing/evidence/__init__.py hashing/evidence/canonical.py hashing/evidence/chain.py hashing/evidence/limits.py hashing/evidence/
# The guard of what goes out: alerts to webhooks.
COPY egress egress
COPY service service

# The index, and the database when it is SQLite. Everything else in the container may be read-only.
VOLUME /var/lib/takeback
# By number, so that Kubernetes' runAsNonRoot can tell.
USER 10001:10001
EXPOSE 8000

# urlopen raises, and so exits with 1, on any status but success. The start loads the index, hence its period.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

ENTRYPOINT ["python", "-m", "service"]
CMD ["serve"]

# Two images from one file: `--target web` (no torch) and `--target worker`.
# TORCH_INDEX chooses the torch build: empty for the default index (CUDA on Linux x86-64), or the address of a CPU-only index.
FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/ticketscope
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN useradd --create-home --uid 1000 ticketscope && mkdir /data && chown ticketscope /data

FROM base AS web
COPY app ./app
COPY workers/__init__.py ./workers/
RUN pip install -c constraints.txt -e .
COPY templates ./templates
COPY static ./static
COPY docs ./docs
USER ticketscope
ENV TICKETSCOPE_DATA_DIR=/data TICKETSCOPE_HOST=0.0.0.0 OPENBLAS_NUM_THREADS=1 MALLOC_ARENA_MAX=2
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["ticketscope", "web"]

FROM base AS worker
ARG TORCH_INDEX=
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
COPY app ./app
COPY workers ./workers
COPY static/vendor/inter ./static/vendor/inter
RUN pip install -c constraints.txt -e '.[worker]'
USER ticketscope
ENV TICKETSCOPE_DATA_DIR=/data
CMD ["ticketscope", "worker"]

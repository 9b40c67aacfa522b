# One image for every process of Trawl; docker-compose.yml says which container runs which.
FROM python:3.12-slim AS packages
COPY requirements.txt /tmp/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt

FROM python:3.12-slim
RUN groupadd --system --gid 10001 trawl \
    && useradd --system --uid 10001 --gid trawl --home-dir /srv/trawl --shell /usr/sbin/nologin trawl \
    && install -d -o trawl -g trawl -m 0700 /var/lib/trawl
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TRAWL_VAR=/var/lib/trawl \
    MALLOC_TRIM_THRESHOLD_=268435456 \
    MALLOC_MMAP_THRESHOLD_=1048576
WORKDIR /srv/trawl
COPY manage.py entrypoint.sh pyproject.toml ./
COPY scrapers scrapers
COPY crawler crawler
COPY webui webui
COPY demo demo
RUN python -m compileall -q manage.py scrapers crawler webui demo
USER trawl
VOLUME /var/lib/trawl
EXPOSE 8000
ENTRYPOINT ["/srv/trawl/entrypoint.sh"]
CMD ["python", "-m", "gunicorn", "--config", "python:webui.processes.gunicorn", "webui.wsgi", "--bind", "0.0.0.0:8000"]

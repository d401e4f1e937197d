# Images from one file: `halong` (every service), `grafana` (with the dashboards), what both are built in, and, for
# profiles, `proxy` and `backup`.

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/halong
ENV PATH=/opt/halong/bin:$PATH
WORKDIR /src
# First what changes seldom.
COPY requirements.txt ./
RUN pip install --requirement requirements.txt
COPY . .
RUN pip install --no-deps . && pip check
# The links to the console lead there; without it to where compose publishes the API on this machine.
ARG HALONG_PUBLIC_URL=
RUN halong dashboards render --out /opt/dashboards --alarms /opt/alerting/halong.yaml

FROM grafana/grafana:11.6.1 AS grafana
COPY deploy/grafana/provisioning /etc/grafana/provisioning
COPY --from=build /opt/dashboards /etc/halong/dashboards
COPY --from=build /opt/alerting /etc/grafana/provisioning/alerting

# Without the right to ports below 1024 that its file has there: a container without capabilities could not run it.
FROM caddy:2.10.2 AS proxy
RUN cp /usr/bin/caddy /usr/bin/caddy-plain && mv /usr/bin/caddy-plain /usr/bin/caddy \
    && mkdir -p /var/lib/halong/proxy && chown 10002:10002 /var/lib/halong/proxy && chmod 0700 /var/lib/halong/proxy

# The database's own image: pg_dump is never older than the server.
FROM timescale/timescaledb:2.29.2-pg17 AS backup
COPY deploy/backup /etc/halong
RUN mkdir -p /var/lib/halong/backups && chown 1883:1883 /var/lib/halong/backups && chmod 0700 /var/lib/halong/backups
ENTRYPOINT []

FROM python:3.11.14-slim-bookworm AS halong
ENV PATH=/opt/halong/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    NICEGUI_STORAGE_PATH=/tmp/nicegui
# 1883 is Mosquitto's user in its own image: it reads what `halong broker files` writes as that user. A volume
# that is empty takes owner and mode from the folder that it is mounted on.
RUN groupadd --gid 10001 halong \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin halong \
    && install --directory --owner=10001 --group=10001 /var/lib/halong/journal \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/halong/gateways \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/halong/exports \
    && install --directory --owner=10001 --group=10001 /var/lib/halong/open-data \
    && install --directory --owner=1883 --group=1883 --mode=0700 /var/lib/halong/authority \
    && install --directory --owner=1883 --group=1883 /var/lib/halong/certificates \
    && install --directory --owner=1883 --group=1883 --mode=0750 /var/lib/halong/broker \
    && install --directory --owner=1883 --group=1883 --mode=0750 /var/lib/halong/browsers
COPY --from=build /opt/halong /opt/halong
USER 10001:10001
WORKDIR /tmp
CMD ["halong", "--help"]

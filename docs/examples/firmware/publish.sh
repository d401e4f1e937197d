#!/bin/sh
# Publish one reading and wait until the database has it: mosquitto-clients 2.0 or later.
# Environment: MQTT_HOST, MQTT_PORT, GATEWAY, PASSWORD, DEVICE; CA_FILE for TLS,
# and CERT_FILE and KEY_FILE in place of the password.
set -eu

now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
seq=$(date +%s)  # a script has no memory: it goes on above every number used

# -e subscribes on the same connection before publishing: a gateway has one connection
mosquitto_rr -V 5 -q 1 -W 20 -h "$MQTT_HOST" -p "$MQTT_PORT" ${CA_FILE:+--cafile "$CA_FILE"} \
    ${CERT_FILE:+--cert "$CERT_FILE" --key "$KEY_FILE"} -u "$GATEWAY" ${PASSWORD:+-P "$PASSWORD"} \
    -t "city/v1/$GATEWAY/up/observations" -e "city/v1/$GATEWAY/down/committed" \
    -m '{"seq": '"$seq"', "oldest": '"$seq"', "readings": [{"device": "'"$DEVICE"'", "time": "'"$now"'", "pm2_5": 31.2}]}'

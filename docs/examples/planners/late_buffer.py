"""A gateway's late buffer changes yesterday's value: both revisions, what was known when, and why.

The gateway was cut off yesterday from 14 to 18 h and kept what it measured; today it sends it. The script
plays the gateway and reads what a planner would read. It needs ingest, analytics and the API of a city in
which nothing else measures PM2.5 in AREA, paho-mqtt 2 and `halong` on the path.
Environment: HALONG (the API's address), KEY (an API key), HALONG_DATABASE_URL, MQTT_HOST, MQTT_PORT, GATEWAY,
PASSWORD, DEVICE, AREA.
"""

import json
import math
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt

CODE, AREA = "pm2_5_d", os.environ["AREA"]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
DAY = TODAY - timedelta(days=1)


def main():
    print(f"1. {DAY:%Y-%m-%d}: the gateway sends, but is cut off from 14 to 18 h.")
    publish(1, [*range(14), *range(18, 24)])
    first = value_of_revision(1)
    tell(f"   What is known of the day at {first['computed_at'][:19]}Z:", first)

    print("2. The line is back: the gateway sends the 48 readings that it kept.")
    publish(2, range(14, 18))
    second = value_of_revision(2)
    tell(f"   What is known of the day at {second['computed_at'][:19]}Z:", second)

    print("3. What the report of this morning said can still be found:")
    tell(f"   as_of={first['computed_at'][:23]}Z", values(as_of=just_after(first))[0])
    tell(f"   as_of={second['computed_at'][:23]}Z", values(as_of=just_after(second))[0])

    print("4. And why the value is what it is:")
    command = ["halong", "indicators", "explain", CODE, AREA, f"{DAY:%Y-%m-%d}"]
    print(f"   $ {' '.join(command)}", flush=True)
    subprocess.run(command, check=True)


def publish(seq, hours):
    """Send one message with a reading every five minutes of these local hours; wait for its PUBACK."""
    times = [DAY + timedelta(hours=hour, minutes=minute) for hour in hours for minute in range(0, 60, 5)]
    readings = [
        {"device": os.environ["DEVICE"], "time": at.isoformat(), "pm2_5": concentration(at)} for at in times
    ]
    gateway = os.environ["GATEWAY"]
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=gateway, protocol=mqtt.MQTTv5)
    client.username_pw_set(gateway, os.environ["PASSWORD"])
    client.connect(os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"]))
    client.loop_start()
    message = json.dumps({"seq": seq, "readings": readings})
    client.publish(f"city/v1/{gateway}/up/observations", message, qos=1).wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


def concentration(at):
    """A day of PM2.5 in µg/m³ with its peak in the afternoon, and the unrest of a sensor."""
    hour = at.hour + at.minute / 60
    unrest = math.sin(37 * hour) + math.cos(91 * hour)
    return round(24 + 30 * math.exp(-(((hour - 16) / 3) ** 2)) + unrest, 1)


def value_of_revision(revision, wait_s=60):
    """Ask until the day's value has this revision: analytics looks for late hours every few seconds."""
    for _ in range(4 * wait_s):
        found = [row for row in values() if row["revision"] >= revision]
        if found:
            return found[0]
        time.sleep(0.25)
    sys.exit(f"revision {revision} of {CODE} did not come within {wait_s} s: do ingest and analytics run?")


def values(**more):
    query = {"area": AREA, "from": f"{DAY:%Y-%m-%d}", "to": f"{DAY:%Y-%m-%d}", **more}
    address = f"{os.environ['HALONG']}/v1/indicators/{CODE}/values?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {os.environ['KEY']}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["items"]


def just_after(row):
    return (datetime.fromisoformat(row["computed_at"]) + timedelta(milliseconds=1)).isoformat()


def tell(words, row):
    print(words)
    print(
        f"   {row['label']}: {row['value']:g} {row['unit']}, completeness {100 * row['completeness']:.4g} %, "
        f"revision {row['revision']}"
    )


if __name__ == "__main__":
    main()

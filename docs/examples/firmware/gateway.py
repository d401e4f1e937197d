"""A gateway that loses nothing: a message stays on disk until halong says that it is committed.

Standard input has a message a line: its readings as JSON, with commas between them. It ends when all are
committed.
Environment: MQTT_HOST, MQTT_PORT, GATEWAY, PASSWORD, JOURNAL (a file); CA_FILE for TLS, and CERT_FILE
and KEY_FILE in place of the password. Needs paho-mqtt 2.
"""

import json
import os
import queue
import random
import sqlite3
import sys
import threading
import time

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CODE = os.environ["GATEWAY"]
UP, DOWN = f"city/v1/{CODE}/up", f"city/v1/{CODE}/down"
LIMIT = 100_000  # messages kept: for the longest time without a network
WINDOW = 100  # messages on their way at once
SILENCE_S = 30
END = None


class Journal:
    """Numbered messages on disk; SQLite waits for the disk at each change, so a power cut loses none."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)  # each statement is a transaction
        self.db.execute("PRAGMA synchronous = FULL")
        # AUTOINCREMENT remembers the highest number even when nothing is kept.
        columns = "seq INTEGER PRIMARY KEY AUTOINCREMENT, readings TEXT"
        self.db.execute(f"CREATE TABLE IF NOT EXISTS kept ({columns})")
        if not self.db.execute("SELECT 1 FROM sqlite_sequence").fetchone():
            # A fresh journal may be a lost one: begin above every number that can have been used.
            self.db.execute("INSERT INTO sqlite_sequence VALUES ('kept', ?)", [int(time.time())])

    def keep(self, readings):
        self.db.execute("INSERT INTO kept (readings) VALUES (?)", [readings])
        if self.db.execute("DELETE FROM kept WHERE seq <= (SELECT max(seq) FROM kept) - ?", [LIMIT]).rowcount:
            say("the journal is full: the oldest message is dropped")  # and `oldest` rises

    def forget(self, upto):
        self.db.execute("DELETE FROM kept WHERE seq <= ?", [upto])

    def between(self, first, last, limit):
        query = "SELECT seq, readings FROM kept WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
        return self.db.execute(query, [first, last, limit]).fetchall()

    def oldest(self):
        """Return the lowest number kept, None where nothing is."""
        return self.db.execute("SELECT min(seq) FROM kept").fetchone()[0]


class Gateway:
    """Sends what the journal keeps, in order, at most WINDOW messages at once."""

    def __init__(self, journal, client):
        self.journal, self.client = journal, client
        self.online = False
        self.sent = 0  # the highest number sent on this connection
        self.on_their_way = set()
        self.heard = time.monotonic()

    def connected(self):
        self.client.subscribe(f"{DOWN}/#", qos=1)  # on every connect: the session may have ended
        self.client.publish(f"{UP}/status", '{"online": true, "firmware": "1.4.2"}', qos=1, retain=True)
        self.online, self.heard = True, time.monotonic()
        self.sent = 0  # all that is kept goes again, lowest number first
        self.on_their_way.clear()

    def disconnected(self):
        self.online = False

    def acknowledged(self, mid, reason):
        """PUBACK: the message leaves the window, and stays in the journal whatever the reason code says."""
        if mid in self.on_their_way and reason.value != 0x00:
            say(f"not stored, kept: {reason}")  # 0x10: nobody has subscribed; from 0x80: refused
        self.on_their_way.discard(mid)

    def told(self, kind, told):
        if kind == "rejected":
            say(f"rejected: {told}")  # never sent again as it is: it would be refused again
        if kind == "committed":
            self.heard = time.monotonic()
            self.journal.forget(told["seq"])
            for first, last in told.get("missing", []):
                self.send(first, min(last, self.sent))

    def go_on(self):
        """Send what there is room for; after a silence the oldest message again: its answer tells all."""
        if not self.online:
            return
        if len(self.on_their_way) < WINDOW:
            self.send(self.sent + 1, 2**62, WINDOW - len(self.on_their_way))
        if time.monotonic() - self.heard > SILENCE_S:
            self.heard = time.monotonic()
            self.send(0, self.sent, 1)

    def send(self, first, last, limit=WINDOW):
        for seq, readings in self.journal.between(first, last, limit):
            message = f'{{"seq":{seq},"oldest":{self.journal.oldest()},"readings":[{readings}]}}'
            self.on_their_way.add(self.client.publish(f"{UP}/observations", message, qos=1).mid)
            self.sent = max(self.sent, seq)


def say(words):
    print(words, file=sys.stderr, flush=True)


def connect(events):
    """Return a client that connects in a thread of its own, again and again, and tells by `events`."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=CODE, protocol=MQTTv5)

    def on_connect(client, userdata, flags, reason, properties):
        if reason.is_failure:
            say(f"the broker refuses the connection: {reason}")
        else:
            events.put((Gateway.connected,))

    def on_disconnect(client, userdata, flags, reason, properties):
        events.put((Gateway.disconnected,))

    def on_publish(client, userdata, mid, reason, properties):
        events.put((Gateway.acknowledged, mid, reason))

    def on_message(client, userdata, message):
        events.put((Gateway.told, message.topic.rpartition("/")[2], json.loads(message.payload)))

    client.on_connect, client.on_disconnect = on_connect, on_disconnect
    client.on_publish, client.on_message = on_publish, on_message
    client.username_pw_set(CODE, os.environ.get("PASSWORD"))
    client.will_set(f"{UP}/status", '{"online": false}', qos=1, retain=True)
    if ca_file := os.environ.get("CA_FILE"):
        own, key = os.environ.get("CERT_FILE"), os.environ.get("KEY_FILE")
        client.tls_set(ca_certs=ca_file, certfile=own, keyfile=key)  # checks the broker's name, too
    # The wait doubles from about 1 s to about 60 s; chance keeps a city of gateways from coming all at once.
    client.reconnect_delay_set(min_delay=random.uniform(0.5, 2), max_delay=random.uniform(30, 90))
    session = Properties(PacketTypes.CONNECT)
    session.SessionExpiryInterval = 3600
    host, port = os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"])
    client.connect_async(host, port, keepalive=60, clean_start=False, properties=session)
    client.loop_start()
    return client


def measure(events):
    """Give the lines of standard input: here a real gateway reads its devices."""
    for line in sys.stdin:
        events.put((keep, line))
    events.put(END)


def keep(gateway, line):
    try:
        readings = json.loads(f"[{line}]")
    except ValueError as error:
        say(f"no readings in {line[:80]!r}: {error}")
    else:
        gateway.journal.keep(json.dumps(readings)[1:-1])


def main():
    events = queue.Queue()
    gateway = Gateway(Journal(os.environ["JOURNAL"]), connect(events))
    threading.Thread(target=measure, args=[events], daemon=True).start()
    measuring = True
    while measuring or gateway.journal.oldest() is not None:
        try:
            event = events.get(timeout=1)
        except queue.Empty:
            gateway.go_on()
            continue
        if event is END:
            measuring = False
        else:
            act, *arguments = event
            act(gateway, *arguments)
        gateway.go_on()
    gateway.client.publish(f"{UP}/status", '{"online": false}', qos=1, retain=True).wait_for_publish(5)
    gateway.client.disconnect()
    gateway.client.loop_stop()
    print("all committed")


main()

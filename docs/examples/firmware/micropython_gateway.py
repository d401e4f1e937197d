"""A gateway on MicroPython (ESP32 and others): a message stays in flash until it is known to be committed.

Install umqtt.simple (`mpremote mip install umqtt.simple`), and put a config.py beside this file with SSID,
KEY, HOST, PORT, GATEWAY, PASSWORD, DEVICE and CA_FILE (None, or a file with the CA's certificate for TLS).
"""

import json
import os
import random
import time

import config
import machine
import network
import ntptime
from umqtt.simple import MQTTClient, MQTTException

UP = "city/v1/%s/up/" % config.GATEWAY
DOWN = "city/v1/%s/down/" % config.GATEWAY
EVERY_MS = 60_000
LIMIT = 500  # messages kept, in flash and in memory
WINDOW = 20  # messages sent before `down/committed` must have been heard
SILENCE_MS = 30_000
KEEPALIVE_S = 60
EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0  # MicroPython's first second on this board


def measure():
    """Return values by observed property: here the board reads its sensors."""
    return {"pm2_5": 31.2}


class Journal:
    """Numbered messages in a file of lines `keep SEQ READINGS` and `next SEQ` (all below is done)."""

    def __init__(self, path):
        self.path = path
        self.kept = []  # (seq, readings), rising
        self.next = None
        try:
            with open(path) as file:
                for line in file:
                    if line.endswith("\n"):  # or the power went while it was written
                        self.replay(line.strip().split(" ", 2))
        except OSError:
            pass  # the first start
        self.rewrite()

    def replay(self, words):
        if words[0] == "keep":
            self.kept.append((int(words[1]), words[2]))
            self.next = int(words[1]) + 1
        else:
            self.kept = [each for each in self.kept if each[0] >= int(words[1])]
            self.next = max(self.next or 0, int(words[1]))

    def rewrite(self):
        if self.next is None:
            self.lines = 0
            return
        with open(self.path + ".new", "w") as file:
            file.write("next %d\n" % self.oldest())
            for message in self.kept:
                file.write("keep %d %s\n" % message)
        os.rename(self.path + ".new", self.path)
        self.lines = 1 + len(self.kept)

    def append(self, line):
        with open(self.path, "a") as file:  # flash has it when the file is closed
            file.write(line)
        self.lines += 1

    def oldest(self):
        return self.kept[0][0] if self.kept else self.next

    def keep(self, readings):
        if self.next is None:  # a fresh journal may be a lost one: begin above every number that was used
            self.next = now_ms() // 1000
        if len(self.kept) >= LIMIT:  # the oldest goes, and `oldest` in the messages says so
            print("the journal is full: message dropped:", self.kept.pop(0)[0])
        text = json.dumps(readings)[1:-1]
        self.append("keep %d %s\n" % (self.next, text))
        self.kept.append((self.next, text))
        self.next += 1

    def forget(self, upto):
        if not self.kept or upto < self.kept[0][0]:
            return
        self.kept = [each for each in self.kept if each[0] > upto]
        if self.lines > 200 + 2 * len(self.kept):
            self.rewrite()
        else:
            self.append("next %d\n" % self.oldest())


class Clock:
    """Readings taken before the time is known wait here with a tick, and are stamped once it is."""

    def __init__(self):
        self.known = time.gmtime()[0] >= 2025  # a battery-backed RTC keeps it
        self.unstamped = []

    def set(self):
        ntptime.settime()
        self.known = True

    def stamp(self, values):
        """Return the readings that have a time."""
        self.unstamped = self.unstamped[-100:] + [(time.ticks_ms(), values)]
        if not self.known:
            return []
        stamped = []
        for tick, measured in self.unstamped:
            at = now_ms() - time.ticks_diff(time.ticks_ms(), tick)
            stamped.append(dict(measured, device=config.DEVICE, time=at))
        self.unstamped = []
        return stamped


def now_ms():
    return (int(time.time()) + EPOCH_S) * 1000  # to the second, as most boards know it


def join_network():
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    if not wlan.isconnected():
        wlan.connect(config.SSID, config.KEY)
        for _ in range(100):
            if wlan.isconnected():
                break
            time.sleep_ms(100)
        else:
            raise OSError("no network")


def tls():
    """Return a context that checks the broker's certificate and the name in it; None without TLS."""
    if not config.CA_FILE:
        return None
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED  # and the clock must be right: certificates have dates
    with open(config.CA_FILE, "rb") as file:
        context.load_verify_locations(cadata=file.read())
    return context


class Gateway:
    def __init__(self):
        self.journal = Journal("journal.txt")
        self.clock = Clock()
        self.client = None
        self.wait_s = 1

    def connect(self):
        join_network()
        if not self.clock.known:
            self.clock.set()
        client = MQTTClient(
            config.GATEWAY, config.HOST, config.PORT, config.GATEWAY, config.PASSWORD, KEEPALIVE_S, ssl=tls()
        )
        client.set_last_will(UP + "status", '{"online": false}', retain=True, qos=1)
        client.set_callback(self.told)
        client.connect(clean_session=False)
        client.subscribe(DOWN + "#", qos=1)  # on every connect: the session may have ended
        client.publish(UP + "status", '{"online": true, "firmware": "1.4.2"}', retain=True, qos=1)
        self.sent = 0  # all that is kept goes again, lowest number first
        self.heard = self.pinged = time.ticks_ms()
        self.client, self.wait_s = client, 1

    def told(self, topic, payload):
        told = json.loads(payload)
        if topic.endswith(b"/rejected"):  # never sent again as it is: it would be refused again
            print("rejected:", told)
        elif topic.endswith(b"/committed"):
            self.heard = time.ticks_ms()
            self.journal.forget(told["seq"])
            if "missing" in told:
                self.sent = min(self.sent, told["missing"][0][0] - 1)  # go on from the first gap

    def send(self, seq, readings):
        message = '{"seq":%d,"oldest":%d,"readings":[%s]}' % (seq, self.journal.oldest(), readings)
        # Returns after PUBACK, whose reason MQTT 3.1.1 does not tell: only down/committed counts.
        self.client.publish(UP + "observations", message, qos=1)

    def go_on(self):
        """Hear what came; send what is kept; after a silence the oldest message again."""
        self.client.check_msg()
        for seq, readings in self.journal.kept[:WINDOW]:
            if seq > self.sent:
                self.sent = seq
                self.send(seq, readings)
                break  # hear the answers in between
        if self.journal.kept and time.ticks_diff(time.ticks_ms(), self.heard) > SILENCE_MS:
            self.heard = time.ticks_ms()
            self.send(*self.journal.kept[0])
        if time.ticks_diff(time.ticks_ms(), self.pinged) > KEEPALIVE_S * 500:
            self.pinged = time.ticks_ms()
            self.client.ping()

    def run(self):
        watchdog = machine.WDT(timeout=120_000)  # umqtt waits without end on a line that has died
        due = again = time.ticks_ms()
        while True:
            watchdog.feed()
            if time.ticks_diff(time.ticks_ms(), due) >= 0:
                due = time.ticks_add(due, EVERY_MS)
                readings = self.clock.stamp(measure())
                if readings:
                    self.journal.keep(readings)
            try:
                if self.client:
                    self.go_on()
                elif time.ticks_diff(time.ticks_ms(), again) >= 0:
                    self.connect()
            except (OSError, MQTTException, AssertionError, IndexError, TypeError) as error:
                # umqtt tells a lost line by any of these. The wait doubles up to a minute, with chance in it.
                print("no connection:", error)
                self.client = None
                again = time.ticks_add(time.ticks_ms(), int(self.wait_s * (500 + random.getrandbits(10))))
                self.wait_s = min(60, self.wait_s * 2)
            time.sleep_ms(20)


Gateway().run()

"""An edge node of another implementation, pysparkplug, driven by lines of JSON; runs in its own environment.

Arguments: host port user password. It does what each line asks for, and says what it hears.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from typing import Any

import pysparkplug as sp

GROUP, DEVICE = "halong test", "aq"


def now() -> int:
    return int(time.time() * 1000)


def metric(
    name: str | None, alias: int | None, value: float, datatype: sp.DataType, **more: Any
) -> sp.Metric:
    return sp.Metric(
        timestamp=more.pop("timestamp", now()), name=name, alias=alias, datatype=datatype, value=value, **more
    )


class Node:
    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.user = user
        self.device = f"{user}-{DEVICE}"
        client = sp.Client(user, username=user, password=password)
        pm10 = metric("Air/PM10", 1, 48.5, sp.DataType.DOUBLE)
        self.node = sp.EdgeNode(GROUP, user, (pm10,), client, cmd_callback=self.on_command)
        pm2_5 = metric("Air/PM2_5", 2, 31, sp.DataType.INT16)
        self.node.register(sp.Device(self.device, (pm2_5,)))
        self.node.connect(host, port=port)
        while not self.node._connected:
            time.sleep(0.01)
        say("connected")

    def on_command(self, _: sp.EdgeNode, message: sp.Message) -> None:
        (command,) = message.payload.metrics
        if command.name == "Node Control/Rebirth" and command.value is True:
            self.rebirth()
        say("command", name=command.name, value=command.value, qos=int(message.qos))

    def data(self, *, alias: int, value: float, device: bool = False, **more: Any) -> None:
        """Publish NDATA or DDATA of one metric, by its alias alone."""
        datatype = sp.DataType.INT16 if device else sp.DataType.DOUBLE
        metrics = (metric(None, alias, value, datatype, **more),)
        kind = sp.MessageType.DDATA if device else sp.MessageType.NDATA
        made = (sp.DData if device else sp.NData)(now(), self.node._seq, metrics)
        topic = sp.Topic(GROUP, kind, self.user, self.device if device else None)
        self.node._client.publish(sp.Message(topic, made, sp.QoS.AT_MOST_ONCE, False), include_dtypes=False)

    def run(self, count: int) -> None:
        """Publish measurements of a minute ago, one a millisecond."""
        begin = now() - 60_000
        for n in range(count):
            self.data(alias=1, value=float(n), timestamp=begin + n, is_historical=True)

    def rebirth(self) -> None:
        """Publish the birth certificates again, within the session; pysparkplug leaves that to its user."""
        self.node._EdgeNode__seq_cycler = itertools.cycle(range(256))
        bd_seq = metric("bdSeq", None, 0, sp.DataType.INT64)
        births = (
            (sp.MessageType.NBIRTH, None, sp.NBirth, (*self.node.metrics.values(), bd_seq)),
            (
                sp.MessageType.DBIRTH,
                self.device,
                sp.DBirth,
                tuple(self.node.devices[self.device].metrics.values()),
            ),
        )
        for kind, device, made, metrics in births:
            payload = made(timestamp=now(), seq=self.node._seq, metrics=metrics)
            message = sp.Message(
                sp.Topic(GROUP, kind, self.user, device), payload, sp.QoS.AT_MOST_ONCE, False
            )
            self.node._client.publish(message, include_dtypes=True)


def say(what: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"what": what, **more}) + "\n")
    sys.stdout.flush()


def main() -> None:
    host, port, user, password = sys.argv[1:]
    node = Node(host, int(port), user, password)
    for line in sys.stdin:
        asked = json.loads(line)
        getattr(node, asked.pop("do"))(**asked)
        say("did")


main()

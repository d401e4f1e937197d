"""Follow what is new in a city, for good: python live.py http://127.0.0.1:8000 "event=value&area=193" [KEY].

Prints one line of JSON for each event. Python's own library is enough. Connections end (a restart, a proxy, a
key); with the id of the last event the next one goes on where this one ended.
"""

import json
import sys
import time
import urllib.error
import urllib.request

# The server says something every 15 s, if only that it has nothing to say.
SILENCE_S = 60


def events(stream):
    """Give (id, name, data) of each event, as WHATWG HTML 9.2.6 reads a stream."""
    number, name, data = None, None, []
    for line in (raw.decode().rstrip("\r\n") for raw in stream):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            number = value
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif line == "":
            yield number, name, json.loads("\n".join(data)) if data else None
            name, data = None, []


def follow(address, query, key=None):
    """Give the name and data of each event, over any number of connections."""
    last, pause = None, 1
    while True:
        headers = {"Accept": "text/event-stream"}
        if key:
            headers["Authorization"] = "Bearer " + key
        if last:
            headers["Last-Event-ID"] = last
        try:
            request = urllib.request.Request(address + "/v1/live?" + query, headers=headers)
            with urllib.request.urlopen(request, timeout=SILENCE_S) as stream:
                for number, name, data in events(stream):
                    last, pause = number or last, 1
                    if data is not None:
                        yield name, data
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise SystemExit(error.read().decode()) from None  # says what would be right
        except OSError:
            pass
        time.sleep(pause)
        pause = min(2 * pause, 30)


if __name__ == "__main__":
    for name, data in follow(*sys.argv[1:]):
        print(json.dumps({name: data}, ensure_ascii=False), flush=True)

"""A complete client in Python, standard library only: it resumes after restarts, drops what comes twice, and never
gives up. To use it in a program, copy it and call Feed(...).events(). As a program it prints the changes:

    MANIFEED_URL=https://gateway.example.com python3 examples/clients/client.py nginx --state position
"""
import argparse, collections, dataclasses, http.client, json, os, random, sys, time, urllib.parse


class Refused(Exception):
    """The same request cannot succeed: the program must change something."""


@dataclasses.dataclass
class Event:
    kind: str  # change, state, ready, reset
    data: dict
    resume: str | None  # may be saved once the event is processed


class FileStore:
    """Keeps the position in a file, which always has the position before or after."""

    def __init__(self, path):
        self.path = path

    def load(self):
        try:
            with open(self.path) as file:
                return file.read().strip() or None
        except FileNotFoundError:
            return None

    def save(self, position):
        with open(self.path + ".new", "w") as file:
            file.write(position + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)


class Feed:
    """Follows a gateway over Server-Sent Events.

    query: the parameters of PROTOCOL.md, section 3; a list repeats. token: a string, or a function that is asked at each
    connection. store: has load() and save(position).
    """

    def __init__(self, url, query, token=None, store=None):
        self.url, self.query, self.token, self.store = urllib.parse.urlsplit(url), query, token, store
        self.position = store.load() if store else None
        self.seen = collections.OrderedDict()  # positions above the resume position: a reconnect repeats them
        self.newest = 0  # the highest sequence of them
        self.failures, self.ready_at = 0, None

    def events(self):
        """Yields events without end. Asking for the next one says that the one before is processed."""
        while True:
            wait = None
            try:
                for event in self._connection():
                    if event.kind == "bye":
                        wait = event.data["retryMs"] / 1000
                        break
                    if event.kind != "bookmark":
                        yield event
                    if event.resume:
                        self._move(event.resume)
            except Later as later:
                wait = later.seconds
            except (OSError, http.client.HTTPException, ValueError) as failure:
                print(f"Connection lost: {failure}", file=sys.stderr)
            time.sleep(self._wait(wait))

    def _wait(self, asked):
        """What the gateway asks for, or a random time that doubles up to a minute. A good connection lasts 10 s."""
        if self.ready_at and time.monotonic() - self.ready_at >= 10:
            self.failures = 0
        self.ready_at = None
        self.failures += 1
        return asked or random.uniform(0, min(60, 2 ** min(self.failures - 1, 6)))

    def _move(self, resume):
        self.position = resume
        if self.seen and sequence(resume) >= self.newest:
            self._forget()
        if self.store:
            self.store.save(resume)

    def _forget(self):
        self.seen.clear()
        self.newest = 0

    def _connection(self):
        """The events of one connection."""
        connection = self._open()
        try:
            sock, response = self._get(connection)
            fields = {}
            while line := response.readline():
                name, _, value = line.decode().rstrip("\n").partition(":")
                if line != b"\n":
                    fields[name] = value.removeprefix(" ")
                    continue
                event = self._read(fields)  # An empty line ends an event.
                fields = {}
                if event is None:
                    continue
                if event.kind == "ready":
                    self.ready_at = time.monotonic()
                    sock.settimeout(3 * event.data["heartbeatMs"] / 1000)
                yield event
        finally:
            connection.close()

    def _open(self):
        secure = self.url.scheme == "https"
        connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(self.url.netloc, timeout=60)
        connection.connect()
        return connection

    def _get(self, connection):
        query = dict(self.query, **({"after": self.position} if self.position else {}))
        token = self.token() if callable(self.token) else self.token
        headers = {"Accept": "text/event-stream", **({"Authorization": f"Bearer {token}"} if token else {})}
        sock = connection.sock
        path = f"{self.url.path.rstrip('/')}/v1/events?{urllib.parse.urlencode(query, doseq=True)}"
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status == 200:
            return sock, response
        body = response.read(65536).decode(errors="replace")
        # Not the gateway's own words: a proxy's page, which may be gone later.
        if response.status < 500 and response.status not in (408, 429) and body.startswith('{"errors"'):
            raise Refused(f"The gateway refused: {response.status} {body}")
        raise Later(response.status, response.getheader("Retry-After", ""))

    def _read(self, fields):
        resume, data = fields.get("id") or None, json.loads(fields.get("data", "null"))
        if data is None:
            return Event("bookmark", {}, resume) if resume else None
        kind = fields.get("event", "change")
        if kind == "change":
            position = data["position"]
            if position in self.seen:
                return Event("bookmark", {}, resume)
            if position != resume:
                self.seen[position] = True
                self.newest = max(self.newest, sequence(position))
                if len(self.seen) > 10_000:
                    self.seen.popitem(last=False)
        elif kind == "reset":
            self._forget()
        return Event(kind, data, resume) if kind in ("change", "state", "ready", "reset", "bye") else None


class Later(Exception):
    """The gateway asks to come back, in seconds if it says when."""

    def __init__(self, status, retry_after):
        super().__init__(f"status {status}")
        self.seconds = min(int(retry_after), 600) if retry_after.isdigit() else None


def sequence(position):
    return int(position.partition("-")[2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", nargs="+")
    parser.add_argument("--state", help="a file that keeps the position")
    options = parser.parse_args()
    url = os.environ.get("MANIFEED_URL", "http://127.0.0.1:8080")
    store = FileStore(options.state) if options.state else None
    feed = Feed(url, {"repository": options.repository}, os.environ.get("MANIFEED_TOKEN"), store)
    for event in feed.events():
        if event.kind == "change":
            change = event.data
            name = f'{change["registry"]}/{change["repository"]}:{change["tag"]}'
            print(change["type"], name, change["digest"], flush=True)
        elif event.kind == "reset":
            print("Changes are missing: look at the tags.", event.data["reason"], file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))

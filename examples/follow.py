"""Follows a repository over Server-Sent Events. Needs only Python: python3 examples/follow.py nginx"""
import http.client, json, os, random, sys, time, urllib.error, urllib.parse, urllib.request


def events(url, headers):
    """Yields the events of one connection, and keeps the resume position in the headers."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=75) as stream:
        event = {}
        for line in stream:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field:
                event[field] = value
                continue
            yield event  # An empty line ends an event.
            headers["Last-Event-ID"] = event.get("id", headers["Last-Event-ID"])
            event = {}


def on_change(change):
    print(change["type"], f'{change["registry"]}/{change["repository"]}:{change["tag"]}', change["digest"], flush=True)


gateway = os.environ.get("MANIFEED_URL", "http://127.0.0.1:8080")
query = urllib.parse.urlencode({"repository": sys.argv[1] if len(sys.argv) > 1 else "nginx"})
# Save Last-Event-ID to continue from here after a restart.
headers = {"Accept": "text/event-stream", "Last-Event-ID": ""}
if "MANIFEED_TOKEN" in os.environ:
    headers["Authorization"] = "Bearer " + os.environ["MANIFEED_TOKEN"]
failures, retry = 0, 2.0  # seconds; the gateway sends its own value
while True:
    try:
        for event in events(f"{gateway}/v1/events?{query}", headers):
            kind = event.get("event")
            retry = int(event.get("retry", retry * 1000)) / 1000
            if kind is None and "data" in event:
                on_change(json.loads(event["data"]))
            elif kind == "ready":
                failures = 0
            elif kind == "reset":
                print("Changes are missing: look at the tags.", event["data"], file=sys.stderr)
    except urllib.error.HTTPError as refusal:
        if refusal.code < 500 and refusal.code != 429:
            sys.exit(f"The gateway refused: {refusal.code} {refusal.read().decode()}")
    except (OSError, http.client.HTTPException) as failure:
        print(f"Connection lost: {failure}", file=sys.stderr)
    time.sleep(min(60, retry * random.uniform(1, 2**failures)))
    failures += 1

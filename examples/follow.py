"""Follows a repository over Server-Sent Events, with nothing but Python: python3 examples/follow.py nginx"""
import http.client, json, os, random, sys, time, urllib.error, urllib.parse, urllib.request

gateway = os.environ.get("MANIFEED_URL", "http://127.0.0.1:8080")
token = os.environ.get("MANIFEED_TOKEN")
query = urllib.parse.urlencode({"repository": sys.argv[1] if len(sys.argv) > 1 else "nginx"})
headers = {"Accept": "text/event-stream"}
if token:
    headers["Authorization"] = f"Bearer {token}"
failures = 0
retry = 2.0  # seconds; the gateway sends its own value


def on_change(change):
    print(change["type"], f'{change["registry"]}/{change["repository"]}:{change["tag"]}', change["digest"], flush=True)


while True:
    try:
        request = urllib.request.Request(f"{gateway}/v1/events?{query}", headers=headers)
        with urllib.request.urlopen(request, timeout=75) as stream:
            event = {}
            for line in stream:
                field, _, value = line.decode().rstrip("\n").partition(": ")
                event[field] = value
                if field != "":
                    continue
                if "data" in event and "event" not in event:
                    on_change(json.loads(event["data"]))
                if event.get("event") == "reset":
                    print("Changes are missing: look at the tags.", event["data"], file=sys.stderr)
                if event.get("event") == "ready":
                    failures = 0
                if "id" in event:  # Save it, and the program goes on where it was after a restart.
                    headers["Last-Event-ID"] = event["id"]
                retry = int(event.get("retry", retry * 1000)) / 1000
                event = {}
    except urllib.error.HTTPError as refusal:
        if refusal.code < 500 and refusal.code != 429:
            sys.exit(f"The gateway refused: {refusal.code} {refusal.read().decode()}")
    except (OSError, http.client.HTTPException) as failure:
        print(f"Connection lost: {failure}", file=sys.stderr)
    time.sleep(min(60, retry * random.uniform(1, 2**failures)))
    failures += 1

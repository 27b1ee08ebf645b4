#!/bin/sh
# Prints the changes of a repository as JSON. Needs only curl: examples/follow.sh nginx
gateway=${MANIFEED_URL:-http://127.0.0.1:8080}
next="/v2/updates?repository=${1:-nginx}&wait=20s"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

pause() { sleep "$(awk 'BEGIN { srand(); print 1 + 4 * rand() }')"; }

while :; do
  status=$(curl -sS --max-time 60 -H "Authorization: Bearer ${MANIFEED_TOKEN:-none}" \
    -D "$folder/head" -o "$folder/changes" -w '%{http_code}' "$gateway$next")
  case $status in
    200)
      grep -qx '\[\]' "$folder/changes" || { cat "$folder/changes"; echo; }
      next=$(sed -n 's/^[Ll]ink: <\([^>]*\)>.*/\1/p' "$folder/head") ;;
    000 | 429 | 5??) pause ;;
    *) echo "The gateway refused: $status $(cat "$folder/changes")" >&2; exit 1 ;;
  esac
done

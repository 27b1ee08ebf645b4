{{- /* What the chart reads of config: see values.yaml. Keys may have dots there, as in manifeed.yaml. */ -}}

{{- /* The port of "listen". */ -}}
{{- define "manifeed.port" -}}
{{- regexFind "[0-9]+$" .Values.config.listen -}}
{{- end -}}

{{- /* One key of the section "ledger"; a string there stands for "url". Takes a list: the root, the key. */ -}}
{{- define "manifeed.ledgerKey" -}}
{{- $config := (index . 0).Values.config -}}
{{- $key := index . 1 -}}
{{- $ledger := get $config "ledger" | default dict -}}
{{- if kindIs "string" $ledger -}}
{{- $ledger = dict "url" $ledger -}}
{{- end -}}
{{- get $ledger $key | default (get $config (printf "ledger.%s" $key)) | default "" -}}
{{- end -}}

{{- /* redis, sqlite or memory. */ -}}
{{- define "manifeed.ledger" -}}
{{- $url := include "manifeed.ledgerKey" (list . "url") -}}
{{- $nodes := cat (include "manifeed.ledgerKey" (list . "sentinels")) (include "manifeed.ledgerKey" (list . "cluster")) | trim -}}
{{- if or (regexMatch "^rediss?://" $url) (and (eq $url "") (ne $nodes "")) -}}
redis
{{- else if regexMatch "^memory:?$" $url -}}
memory
{{- else if or (eq $url "") (hasPrefix "sqlite:" $url) -}}
sqlite
{{- else -}}
{{- fail "render manifeed: config.ledger: must be memory, or begin with sqlite:, redis:// or rediss://: by this the chart chooses how the gateway runs. User and password go into ledger.username and ledger.password, as ${VAR}" -}}
{{- end -}}
{{- end -}}

{{- /* The folder of the SQLite file, where its volume is mounted; the image works in /manifeed. */ -}}
{{- define "manifeed.ledgerFolder" -}}
{{- $path := include "manifeed.ledgerKey" (list . "url") | default "sqlite:./data/manifeed.db" | trimPrefix "sqlite:" -}}
{{- if not (hasPrefix "/" $path) -}}
{{- $path = printf "/manifeed/%s" $path -}}
{{- end -}}
{{- $folder := dir (clean $path) -}}
{{- if has $folder (list "/" "/manifeed" "/tmp" "/etc/manifeed") -}}
{{- fail (printf "render manifeed: config.ledger: the file is in %s: must be in a folder of its own, as in sqlite:./data/manifeed.db: a volume is mounted there" $folder) -}}
{{- end -}}
{{- $folder -}}
{{- end -}}

{{- /* drain.window in whole seconds. */ -}}
{{- define "manifeed.drainSeconds" -}}
{{- $window := get (get .Values.config "drain" | default dict) "window" | default (get .Values.config "drain.window") | default "10s" | toString -}}
{{- if not (regexMatch "^[0-9]{1,12}(\\.[0-9]{1,3})?(ms|s|m|h|d)$" $window) -}}
{{- fail (printf "render manifeed: config.drain.window: %q: must be a duration, as in 500ms, 60s or 10m: the pod's grace period follows it" $window) -}}
{{- end -}}
{{- $seconds := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0 -}}
{{- mulf (regexFind "^[0-9.]+" $window) (get $seconds (regexFind "[a-z]+$" $window)) | ceil | int64 -}}
{{- end -}}

{{- /* Prints nothing. Fails if the gateways could not start, or would not know of each other. */ -}}
{{- define "manifeed.check" -}}
{{- $ledger := include "manifeed.ledger" . -}}
{{- if and (ne $ledger "redis") (gt (int .Values.replicas) 1) -}}
{{- fail (printf "render manifeed: replicas: %d: must be 1 with a ledger in %s: several gateways need one in Redis (config.ledger)" (int .Values.replicas) $ledger) -}}
{{- end -}}
{{- if not .Values.config.access -}}
{{- fail "render manifeed: config.access: missing: must be a list of tokens (manifeed token makes one and its entry), or open" -}}
{{- end -}}
{{- end -}}

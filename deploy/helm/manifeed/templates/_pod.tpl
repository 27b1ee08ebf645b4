{{- /* The pod template of a gateway, for Deployment and StatefulSet. */ -}}
{{- define "manifeed.pod" -}}
{{- $ledger := include "manifeed.ledger" . -}}
metadata:
  labels:
    {{- include "manifeed.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # The configuration is read at the start only.
    manifeed/config: {{ toYaml .Values.config | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  # Kubernetes would set variables that begin with MANIFEED_.
  enableServiceLinks: false
  # Longer than drain.window, so that subscribers are closed evenly.
  terminationGracePeriodSeconds: {{ add (include "manifeed.drainSeconds" . | int64) 20 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: manifeed
      image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve, --config, /etc/manifeed/manifeed.yaml]
      {{- if or .Values.existingSecret .Values.envFrom }}
      envFrom:
        {{- with .Values.existingSecret }}
        - secretRef: { name: {{ quote . }} }
        {{- end }}
        {{- with .Values.envFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        - { name: http, containerPort: {{ include "manifeed.port" . }} }
      # A ledger may be brought to a new schema before the gateway listens: ten minutes.
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 300
      # Quick: a gateway that cannot store, or drains, should get no webhook.
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      # Slow, two minutes: all subscribers of a gateway that is killed come back at once.
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 20
        timeoutSeconds: 10
        failureThreshold: 6
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: config, mountPath: /etc/manifeed, readOnly: true }
        {{- if eq $ledger "sqlite" }}
        - { name: ledger, mountPath: {{ include "manifeed.ledgerFolder" . | quote }} }
        - { name: tmp, mountPath: /tmp }
        {{- end }}
        {{- with .Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "manifeed.name" . }} }
    {{- if eq $ledger "sqlite" }}
    # For SQLite, which sorts there.
    - name: tmp
      emptyDir: { sizeLimit: 256Mi }
    {{- end }}
    {{- with .Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
  {{- with index $.Values $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end -}}

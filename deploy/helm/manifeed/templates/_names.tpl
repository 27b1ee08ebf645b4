{{- define "manifeed.name" -}}
{{- if contains "manifeed" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-manifeed" (.Release.Name | trunc 43 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "manifeed.selector" -}}
app.kubernetes.io/name: manifeed
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "manifeed.labels" -}}
{{ include "manifeed.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

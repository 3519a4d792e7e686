{{- define "ticketscope.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 30 | trimSuffix "-" }}{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 30 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "ticketscope.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "ticketscope.selector" . }}
{{- end }}

{{- define "ticketscope.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ticketscope.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "ticketscope.env" -}}
- name: TICKETSCOPE_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: TICKETSCOPE_DATABASE_URL}}
- name: TICKETSCOPE_BROKER_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: TICKETSCOPE_BROKER_URL}}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: AWS_ACCESS_KEY_ID}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: AWS_SECRET_ACCESS_KEY}}
- {name: AWS_DEFAULT_REGION, value: {{ .Values.s3Region | quote }}}
{{- with .Values.s3Endpoint }}
- {name: AWS_ENDPOINT_URL, value: {{ . | quote }}}
{{- end }}
- {name: TICKETSCOPE_ARTIFACTS_URL, value: {{ .Values.artifactsUrl | quote }}}
- {name: TICKETSCOPE_DATA_DIR, value: /data}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "ticketscope.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "ticketscope.pod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: {type: RuntimeDefault}
{{- end }}

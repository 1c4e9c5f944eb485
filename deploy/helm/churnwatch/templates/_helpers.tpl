{{- define "churnwatch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters, so that what is hung on keeps below Kubernetes' 63, and a CronJob's below its 52. */}}
{{- define "churnwatch.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "churnwatch.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "churnwatch.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "churnwatch.selector" -}}
app.kubernetes.io/name: {{ include "churnwatch.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "churnwatch.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "churnwatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of an image and the chart's appVersion. */}}
{{- define "churnwatch.image" -}}
{{- if .image.digest }}{{ .image.repository }}@{{ .image.digest }}
{{- else }}{{ .image.repository }}:{{ .image.tag | default .version }}
{{- end }}
{{- end }}

{{- define "churnwatch.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "churnwatch.fullname" .) "default") }}
{{- end }}

{{- define "churnwatch.files" -}}
churnwatch.toml: |
  # What the chart itself is told stands in the environment, and wins.
{{- with .Values.config }}
{{ . | trim | indent 2 }}
{{- end }}
{{- range $name, $content := .Values.files }}
{{ $name }}: |
{{ $content | trim | indent 2 }}
{{- end }}
{{- end }}

{{/* Settings of every command. */}}
{{- define "churnwatch.env" -}}
{{- $folder := "/run/secrets/churnwatch" }}
{{- with .Values.kafka }}
{{- with .brokers }}
- { name: CHURNWATCH_KAFKA__BROKERS, value: {{ . | quote }} }
{{- end }}
{{- with .groupId }}
- { name: CHURNWATCH_KAFKA__GROUP_ID, value: {{ . | quote }} }
{{- end }}
{{- with .events }}
- { name: CHURNWATCH_TOPICS__EVENTS, value: {{ join "," . | quote }} }
{{- end }}
{{- with $.Values.rekey.topics }}
- { name: CHURNWATCH_REKEY__TOPICS, value: {{ join "," . | quote }} }
{{- end }}
{{- if .tls.enabled }}
- name: CHURNWATCH_KAFKA__TLS__CA_FILE
  value: {{ empty .tls.ca.secret | ternary "/etc/ssl/certs/ca-certificates.crt" (printf "%s/kafka-ca.pem" $folder) }}
{{- if .tls.client.secret }}
- { name: CHURNWATCH_KAFKA__TLS__CERTIFICATE_FILE, value: {{ $folder }}/kafka.pem }
- { name: CHURNWATCH_KAFKA__TLS__KEY_FILE, value: {{ $folder }}/kafka.key }
{{- end }}
{{- end }}
{{- with .sasl }}
{{- if eq .mechanism "OAUTHBEARER" }}
- { name: CHURNWATCH_KAFKA__SASL__MECHANISM, value: OAUTHBEARER }
- { name: CHURNWATCH_KAFKA__SASL__CLIENT_ID, value: {{ .clientId | quote }} }
- { name: CHURNWATCH_KAFKA__SASL__CLIENT_SECRET_FILE, value: {{ $folder }}/kafka-password }
- { name: CHURNWATCH_KAFKA__SASL__TOKEN_ENDPOINT, value: {{ .tokenEndpoint | quote }} }
{{- with .scope }}
- { name: CHURNWATCH_KAFKA__SASL__SCOPE, value: {{ . | quote }} }
{{- end }}
{{- else if .mechanism }}
- { name: CHURNWATCH_KAFKA__SASL__MECHANISM, value: {{ .mechanism }} }
- { name: CHURNWATCH_KAFKA__SASL__USERNAME, value: {{ .username | quote }} }
- { name: CHURNWATCH_KAFKA__SASL__PASSWORD_FILE, value: {{ $folder }}/kafka-password }
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.erasure.secret }}
- { name: CHURNWATCH_ERASURE__SECRET_FILE, value: {{ $folder }}/erasure }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The files that "churnwatch.env" names, as sources of a projected volume. */}}
{{- define "churnwatch.secrets" -}}
{{- with .Values.kafka }}
{{- if and .tls.enabled .tls.ca.secret }}
- secret: { name: {{ .tls.ca.secret }}, items: [{ key: {{ .tls.ca.key }}, path: kafka-ca.pem }] }
{{- end }}
{{- if and .tls.enabled .tls.client.secret }}
- secret:
    name: {{ .tls.client.secret }}
    items: [{ key: {{ .tls.client.certificate }}, path: kafka.pem }, { key: {{ .tls.client.key }}, path: kafka.key }]
{{- end }}
{{- if .sasl.mechanism }}
- secret: { name: {{ .sasl.secret }}, items: [{ key: {{ .sasl.key }}, path: kafka-password }] }
{{- end }}
{{- end }}
{{- with .Values.erasure }}
{{- if .secret }}
- secret: { name: {{ .secret }}, items: [{ key: {{ .key }}, path: erasure }] }
{{- end }}
{{- end }}
{{- end }}

{{/* Settings of `serve` alone. */}}
{{- define "churnwatch.http.env" -}}
{{- with .Values.http }}
- { name: CHURNWATCH_HTTP__ADMIN_LISTEN, value: "{{ .listenAddress }}:{{ .adminPort }}" }
{{- if .api.enabled }}
- { name: CHURNWATCH_HTTP__LISTEN, value: "{{ .listenAddress }}:{{ .api.port }}" }
- { name: CHURNWATCH_HTTP__ADVERTISE, value: "$(CHURNWATCH_SERVICE__INSTANCE).{{ include "churnwatch.fullname" $ }}:{{ .api.port }}" }
- { name: CHURNWATCH_HTTP__TOKEN_FILE, value: /run/secrets/churnwatch/http-token }
{{- if .api.tls.secret }}
- { name: CHURNWATCH_HTTP__TLS__CERTIFICATE_FILE, value: /run/secrets/churnwatch/http.pem }
- { name: CHURNWATCH_HTTP__TLS__KEY_FILE, value: /run/secrets/churnwatch/http.key }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "churnwatch.http.secrets" -}}
{{- with .Values.http.api }}
{{- if .enabled }}
- secret: { name: {{ .token.secret }}, items: [{ key: {{ .token.key }}, path: http-token }] }
{{- if .tls.secret }}
- secret: { name: {{ .tls.secret }}, items: [{ key: tls.crt, path: http.pem }, { key: tls.key, path: http.key }] }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where the configuration and the secrets are, of `root`, with `secrets` as sources. */}}
{{- define "churnwatch.mounts" -}}
- { name: config, mountPath: /etc/churnwatch, readOnly: true }
{{- if .secrets }}
- { name: secrets, mountPath: /run/secrets/churnwatch, readOnly: true }
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The same as volumes; the release's ConfigMap has a `suffix` in a hook. */}}
{{- define "churnwatch.volumes" -}}
- name: config
  configMap:
    name: {{ .root.Values.existingConfigMap | default (printf "%s%s" (include "churnwatch.fullname" .root) (.suffix | default "")) }}
{{- with .secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What all pods have in common. */}}
{{- define "churnwatch.pod" -}}
automountServiceAccountToken: false
# Kubernetes' variables for a Service named churnwatch would stand beside ours.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the containers of the program have in common but for `args`. */}}
{{- define "churnwatch.program" -}}
image: {{ include "churnwatch.image" (dict "image" .Values.image "version" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}

{{/* The container of a command that runs for seconds, of `root`, with `args` and `secrets`. */}}
{{- define "churnwatch.command" -}}
{{ include "churnwatch.program" .root }}
args: {{ toJson .args }}
{{- with include "churnwatch.env" .root | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
resources:
  requests: { cpu: 50m, memory: 64Mi }
  limits: { memory: 256Mi }
volumeMounts:
  {{- include "churnwatch.mounts" . | nindent 2 }}
{{- end }}

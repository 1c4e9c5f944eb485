{{/*
What runs for ever: a StatefulSet, its Service and its budget, of `root`. `component` is the command that it runs, `name` its own;
`replicas` is absent where KEDA says how many; `env` and `ports` are lines of YAML, `secrets`, `mounts` and `volumes` too, which
may be empty.
*/}}
{{- define "churnwatch.statefulset" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  labels:
    {{- include "churnwatch.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  serviceName: {{ .name }}
  {{- if hasKey . "replicas" }}
  replicas: {{ .replicas }}
  {{- end }}
  # Every pod that joins moves partitions, so they come together; an update still takes one after the other.
  podManagementPolicy: Parallel
  updateStrategy: { type: RollingUpdate }
  minReadySeconds: {{ .root.Values.minReadySeconds }}
  selector:
    matchLabels:
      {{- include "churnwatch.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "churnwatch.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with .root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if or .root.Values.podAnnotations (not .root.Values.existingConfigMap) }}
      annotations:
        {{- if not .root.Values.existingConfigMap }}
        checksum/config: {{ include "churnwatch.files" .root | sha256sum }}
        {{- end }}
        {{- with .root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
    spec:
      {{- include "churnwatch.pod" .root | nindent 6 }}
      serviceAccountName: {{ include "churnwatch.serviceAccount" .root }}
      terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
      {{- with .root.Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .root.Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- if .root.Values.topologySpreadConstraints }}
        {{- toYaml .root.Values.topologySpreadConstraints | nindent 8 }}
        {{- else }}
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "churnwatch.selector" $.root | nindent 14 }}
              app.kubernetes.io/component: {{ $.component }}
        {{- end }}
        {{- end }}
      containers:
        - name: {{ .component }}
          {{- include "churnwatch.program" .root | nindent 10 }}
          args: [{{ .component }}, --config, /etc/churnwatch/churnwatch.toml, --log-format, json]
          env:
            # Static membership: a pod that is back before its session has ended gets its partitions back.
            - name: CHURNWATCH_SERVICE__INSTANCE
              valueFrom: { fieldRef: { fieldPath: metadata.name } }
            {{- .env | trim | nindent 12 }}
            {{- with include "churnwatch.env" .root | trim }}
            {{- . | nindent 12 }}
            {{- end }}
          ports:
            - { name: admin, containerPort: {{ .root.Values.http.adminPort }} }
            {{- with .ports }}
            {{- . | trim | nindent 12 }}
            {{- end }}
          startupProbe:
            httpGet: { path: /startupz, port: admin }
            {{- toYaml .root.Values.startupProbe | nindent 12 }}
          readinessProbe:
            httpGet: { path: /readyz, port: admin }
            {{- toYaml .root.Values.readinessProbe | nindent 12 }}
          livenessProbe:
            httpGet: { path: /livez, port: admin }
            {{- toYaml .root.Values.livenessProbe | nindent 12 }}
          resources:
            {{- toYaml .resources | nindent 12 }}
          volumeMounts:
            {{- include "churnwatch.mounts" . | nindent 12 }}
            {{- with .mounts }}
            {{- . | trim | nindent 12 }}
            {{- end }}
      volumes:
        {{- include "churnwatch.volumes" . | nindent 8 }}
        {{- with .volumes }}
        {{- . | trim | nindent 8 }}
        {{- end }}
{{- end }}

{{/* `served` are more ports, as lines of YAML. */}}
{{- define "churnwatch.service" -}}
# Gives each pod a name: POD.{{ .name }}. A pod that is not ready yet is to be watched too.
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  labels:
    {{- include "churnwatch.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "churnwatch.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  ports:
    - { name: admin, port: {{ .root.Values.http.adminPort }}, targetPort: admin }
    {{- with .served }}
    {{- . | trim | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "churnwatch.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  labels:
    {{- include "churnwatch.labels" .root | nindent 4 }}
spec:
  maxUnavailable: {{ .root.Values.podDisruptionBudget.maxUnavailable }}
  # One that cannot start must not keep a node from being emptied.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "churnwatch.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* A command beside `serve` in pods of its own: all of the above, of `root`, `component`, `values`, `mounts` and `volumes`. */}}
{{- define "churnwatch.companion" -}}
{{- $name := printf "%s-%s" (include "churnwatch.fullname" .root) .component }}
{{- $http := .root.Values.http }}
{{- $listen := printf "- { name: CHURNWATCH_%s__LISTEN, value: \"%s:%v\" }" (upper .component) $http.listenAddress $http.adminPort }}
{{- $secrets := include "churnwatch.secrets" .root | trim }}
{{- $of := dict "name" $name "env" $listen "ports" "" "served" "" "secrets" $secrets }}
{{- $of = merge $of (dict "replicas" .values.replicaCount "resources" .values.resources) . }}
{{- include "churnwatch.service" $of }}
---
{{ include "churnwatch.statefulset" $of }}
{{- if .root.Values.podDisruptionBudget.enabled }}
---
{{ include "churnwatch.budget" $of }}
{{- end }}
{{- end }}

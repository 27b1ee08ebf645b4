/** Runs Helm on deploy/helm/manifeed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { programFile } from '../../support/parts.ts';

const chart = fileURLToPath(new URL('../../../deploy/helm/manifeed', import.meta.url));

interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Probe {
  readonly httpGet: { readonly path: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface Container {
  readonly env?: unknown;
  readonly envFrom?: unknown;
  readonly ports: unknown;
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}

interface Workload {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: Metadata & { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly Container[];
        readonly volumes: readonly object[];
      };
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

/** What the chart renders, by kind; it renders at most one of a kind. */
export interface Objects {
  readonly ConfigMap: { readonly data: Readonly<Record<string, string>> };
  readonly Service: { readonly metadata: Metadata; readonly spec: { readonly selector: object } };
  readonly Deployment?: Workload;
  readonly StatefulSet?: Workload;
  readonly HTTPRoute?: { readonly spec: { readonly rules: unknown } };
  readonly ServiceMonitor?: {
    readonly spec: {
      readonly jobLabel: string;
      readonly selector: { readonly matchLabels: object };
      readonly endpoints: unknown;
    };
  };
  readonly PrometheusRule?: { readonly metadata: Metadata; readonly spec: unknown };
}

/** Runs a command of Helm on the chart with these values. */
export function helm(command: readonly string[], values: object, folder = chart) {
  return spawnSync(programFile('helm') ?? '', [...command, folder, '--values', '-'], {
    encoding: 'utf8',
    input: JSON.stringify(values),
  });
}

/** @throws if Helm refuses the values */
export function render(values: object): Objects {
  const { status, stdout, stderr } = helm(['template', 'feed'], values);
  if (status !== 0) throw new Error(`render manifeed: helm: ${stderr}`);
  const found = new Map<string, unknown>();
  for (const document of parseAllDocuments(stdout)) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: { readonly kind: string } | null = document.toJS();
    if (value === null) continue;
    if (found.has(value.kind)) throw new Error(`render manifeed: two of kind ${value.kind}`);
    found.set(value.kind, value);
  }
  return Object.fromEntries(found) as unknown as Objects;
}

/** What `helm install` prints in the end. Helm shows notes only where it reaches a cluster, so a copy prints them. */
export function notes(values: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-chart-'));
  try {
    const copy = join(folder, 'manifeed');
    cpSync(chart, copy, { recursive: true });
    const templates = join(copy, 'templates');
    renameSync(join(templates, 'NOTES.txt'), join(copy, 'notes.txt'));
    writeFileSync(join(templates, 'notes.yaml'), 'text: {{ tpl (.Files.Get "notes.txt") . | toJson }}');
    const options = ['template', 'feed', '--namespace', 'tools', '--show-only', 'templates/notes.yaml'];
    const { status, stdout, stderr } = helm(options, values, copy);
    if (status !== 0) throw new Error(`render the notes of manifeed: helm: ${stderr}`);
    const printed: { readonly text: string } = parse(stdout);
    return printed.text;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Why Helm does not render these values; '' if it does. */
export function refusal(values: object): string {
  const { status, stderr } = helm(['template', 'feed'], values);
  return status === 0 ? '' : stderr;
}

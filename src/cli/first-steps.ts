/** What a start prints for a person who tries the gateway: commands that work with this configuration. */
import type { Config, WebhookConfig } from '../config/shape.ts';

interface ListeningAt {
  readonly host: string;
  readonly port: number;
}

/** Addresses to listen on that not every system can connect to, and the loopback address to use instead. */
const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** A command that needs a secret has a variable in its place, or is left out. */
export function firstSteps(config: Config, at: ListeningAt): string {
  const url = urlOf(reachable[at.host] ?? at.host, at.port);
  const hook = config.webhooks.find((candidate) => credentialsOf(candidate) !== null);
  const other = config.webhooks[0];
  const token = config.access.kind === 'tokens' ? '-H "Authorization: Bearer $TOKEN" ' : '';
  const subscribe = `curl -N ${token}'${url}/v1/events?repository=${repositoryFor(config, hook)}'`;
  return [
    '',
    `  Manifeed listens on ${urlOf(at.host, at.port)}`,
    ...(config.ui.enabled ? [`  dashboard:  ${url}/ui/`] : []),
    `  subscribe:  ${subscribe}`,
    ...(hook === undefined ? [] : [`  publish:    ${publish(hook, url)}`]),
    ...(hook !== undefined || other === undefined ? [] : [`  webhook:    ${describe(other, url)}`]),
    ...(hearsOfChanges(config) ? [] : [`  changes:    ${noSource}`]),
    '',
  ].join('\n');
}

const noSource = 'none can arrive: set webhooks, or registries and watch (docs/configuration.md)';

/** Whether a change can reach the gateway at all: by a webhook, or by polling. */
function hearsOfChanges({ webhooks, watch, registries }: Config): boolean {
  return webhooks.length > 0 || watch.length > 0 || registries.some(({ poll }) => poll.onDemand);
}

/** As the WHATWG URL standard writes it, with an IPv6 address in brackets. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** An exact name may be unknown here or not granted to a token. A pattern shows whatever there is. */
function repositoryFor(config: Config, hook: WebhookConfig | undefined): string {
  if (config.access.kind === 'tokens' || config.registries.length > 0) return '**';
  return hook?.registry === undefined ? 'nginx' : `${hook.registry}/nginx`;
}

function publish(hook: WebhookConfig, url: string): string {
  const body = `{"reference":"nginx:1.27","digest":"sha256:${'0'.repeat(64)}"}`;
  return `curl ${credentialsOf(hook) ?? ''}-d '${body}' '${url}/v1/hooks/${hook.name}'`;
}

/** Arguments for curl; null if the hook takes another kind of JSON, or needs more than a bearer token. */
function credentialsOf(hook: WebhookConfig): string | null {
  const { kind, token, tokenHeader, password, pathToken } = hook;
  if (kind !== 'manifeed' || tokenHeader !== undefined) return null;
  if (password !== undefined || pathToken !== undefined) return null;
  return token === undefined ? '' : '-H "Authorization: Bearer $HOOK_TOKEN" ';
}

function describe(hook: WebhookConfig, url: string): string {
  return `${url}/v1/hooks/${hook.name}${hook.pathToken === undefined ? '' : '/***'} (${hook.kind})`;
}

export interface Settings {
  /** Base URL of the gateway. */
  readonly url: string;
  /** A token of the gateway; empty with open access. */
  readonly token: string;
  /** The hook that the publisher posts to, of kind `manifeed`. */
  readonly hook: string;
  /** The hook's bearer token; empty for none. */
  readonly hookToken: string;
  readonly repository: string;
  readonly subscribers: number;
  /** How long subscribers stay, s. */
  readonly durationS: number;
  /** Time between two changes, s. */
  readonly everyS: number;
  /** `none`: subscribers ask to be unpaced. Empty: the gateway paces them. */
  readonly pace: string;
}

export function readSettings(defaults: Partial<Settings> = {}): Settings {
  return {
    url: text('MANIFEED_URL', 'http://127.0.0.1:8080').replace(/\/+$/, ''),
    token: text('MANIFEED_TOKEN', ''),
    hook: text('MANIFEED_HOOK', 'publish'),
    hookToken: text('MANIFEED_HOOK_TOKEN', ''),
    repository: text('REPOSITORY', 'registry.example.com:5000/load/app'),
    subscribers: number('SUBSCRIBERS', defaults.subscribers ?? 1000),
    durationS: number('DURATION', defaults.durationS ?? 60),
    everyS: number('EVERY', defaults.everyS ?? 1),
    pace: text('PACE', defaults.pace ?? 'none'),
  };
}

export function subscriberHeaders(settings: Settings): Record<string, string> {
  return settings.token === '' ? {} : { Authorization: `Bearer ${settings.token}` };
}

function text(name: string, fallback: string): string {
  return __ENV[name] ?? fallback;
}

function number(name: string, fallback: number): number {
  const value = Number(__ENV[name] ?? fallback);
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(`read ${name}: ${JSON.stringify(__ENV[name])}: must be a number above 0`);
  }
  return value;
}

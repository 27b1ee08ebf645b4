/** Constructs the targets from the configuration. */
import { hostname } from 'node:os';
import { z } from 'zod';
import { processEnvironment } from '../config/environment.ts';
import { settings } from '../config/schema.ts';
import { originOf, secretsIn } from '../config/settings/secrets.ts';
import type { Config, TargetConfig } from '../config/shape.ts';
import { filterOfTarget } from '../config/targets.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { randomId } from '../lib/random-id.ts';
import { TargetControl } from '../target/control.ts';
import { indexQuestions } from '../target/index-questions.ts';
import { kindOf } from '../target/kinds.ts';
import { maskOf } from '../target/mask.ts';
import type { Target } from '../target/target.ts';
import { Targets } from '../target/targets.ts';
import { withoutEscapes } from '../target/template.ts';

interface TargetsParts {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * From the beginning of a drain, what is under way may take so long, and a command then two seconds more to end; a
 * supervisor kills the process after some time.
 */
const maxGraceMs = 3_000;

/** @returns the targets, not started yet, and what operators can do with them */
export function openTargets(parts: TargetsParts): {
  readonly targets: Targets;
  readonly targetDesk: TargetControl;
} {
  const { config, ledger, hub } = parts;
  const { defaultRegistry } = config;
  const targets = new Targets({
    ...{ ...parts, cursors: ledger.cursors, index: indexQuestions(ledger), holder: holderOf(parts) },
    targets: config.targets.map((target, index) => targetOf(target, index, defaultRegistry)),
    graceMs: Math.min(config.drain.windowMs, maxGraceMs),
  });
  const targetDesk = new TargetControl({ ...parts, hub, targets, defaultRegistry });
  return { targets, targetDesk };
}

/**
 * Other ledgers than Redis have one process at a time: after a kill the next one has the same name, and goes on at
 * once instead of after the end of the leases.
 */
function holderOf({ config, random }: TargetsParts): string {
  const name = config.name ?? hostname();
  return config.ledger.kind === 'redis' ? `${name}:${randomId(random)}` : name;
}

/**
 * Types of which a newer change says that an older one is no longer current. That of a tag is also asked of the index
 * before it is sent; but the sooner it is known, the sooner there is room for another one.
 */
const overtaking = {
  'tag.': ['tag.created', 'tag.updated', 'tag.deleted'],
  'manifest.': ['manifest.deleted'],
};

function targetOf(configured: TargetConfig, index: number, defaultRegistry: string): Target {
  const { name, coalesceMs = 0, minAgeMs, maxAgeMs, concurrency, timeoutMs, unpaced, ca } = configured;
  const filter = filterOfTarget(configured, defaultRegistry);
  const { types } = filter;
  const others = Object.entries(overtaking).flatMap(([group, all]) =>
    [...types].some((type) => type.startsWith(group)) ? all : [],
  );
  const wide = { ...configured, types: [...types, ...others] };
  const { secrets, urls } = secretsOf(configured, index);
  const [url] = urls;
  return {
    ...{ name, kind: kindOf(configured), settings: configured, types, timeoutMs, ca },
    filter: minAgeMs > 0 ? filterOfTarget(wide, defaultRegistry) : filter,
    rules: { coalesceMs, minAgeMs, maxAgeMs, concurrency },
    paced: !unpaced,
    environment: passedOn(),
    origin: url === undefined ? null : originOf(url).replace(/\/\*{3}$/, ''),
    mask: maskOf(secrets, urls),
  };
}

const values = z.record(z.string(), z.string()).default({});
/** Of any kind. */
const withSecrets = z.object({
  ...{ headers: values, env: values, username: z.string().default(''), password: z.string().optional() },
});

/**
 * Headers, variables of commands and what `${VAR}` stood for, with values such as `1` or `yes`, hold no secret, and hiding
 * them would hide what tools say.
 */
const shortestValue = 4;

/** In a header the secret is often a part: `Token abc`, `sid=abc`. A shorter part is hidden only with the others. */
const shortestPart = 8;

/** What stands between the placeholders and separators of a value. */
function partsOf(value: string): readonly string[] {
  const sent = withoutEscapes(value);
  const parts = sent.split(/\$\{change\.[A-Za-z]+\}|[\s=;,]+/);
  return [sent, ...parts.filter(({ length }) => length >= shortestPart)];
}

/** What may not be shown of a target. */
function secretsOf(configured: TargetConfig, index: number) {
  const { headers, env, username, password } = withSecrets.parse(configured);
  const { fromVariables = [] } = configured;
  const inParts = [...Object.values(headers), ...fromVariables].flatMap(partsOf);
  const others = [...inParts, ...Object.values(env)];
  const { secrets, urls } = secretsIn(settings, { ...configured, headers: {}, env: {} }, ['targets', index]);
  const pair = password === undefined ? [] : [`${username}:${password}`];
  return { secrets: [...secrets, ...pair, ...others.filter(({ length }) => length >= shortestValue)], urls };
}

/** What commands get of this process's variables; none of its secrets. */
function passedOn(): Readonly<Record<string, string>> {
  const { PATH, HOME, LANG, TZ } = processEnvironment();
  const all = Object.entries({ PATH, HOME, LANG, TZ });
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

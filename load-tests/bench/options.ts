import { parseArgs } from 'node:util';
import { choiceFlag, numberFlag } from './flags.ts';

const serverNames = ['bare', 'sse', 'ws', 'manifeed'] as const;
export type ServerName = (typeof serverNames)[number];
export type Transport = 'sse' | 'websocket';
export type Pace = 'none' | 'paced';

export interface BenchOptions {
  /** Of each server. */
  readonly subscribers: number;
  readonly transports: readonly Transport[];
  readonly servers: readonly ServerName[];
  /** Whether the gateway's subscribers are paced. `both` runs one gateway of each kind. */
  readonly paces: readonly Pace[];
  /** Most changes published on each server. */
  readonly changes: number;
  /** Most time for all changes, s. */
  readonly durationS: number;
  /** Wait between the last opening and the memory reading, s. */
  readonly settleS: number;
  /** How long to measure idle CPU, with nothing published, s; 0 to skip it. */
  readonly idleS: number;
  readonly ledger: 'memory' | 'sqlite';
  readonly access: 'open' | 'token';
  readonly serverCore: number;
  readonly driverCore: number;
}

export const help = `npm run bench -- [flags]

  --subscribers N     subscribers of each server (15000)
  --transport NAME    sse, websocket or both (both)
  --servers LIST      of ${serverNames.join(',')} (all); bare is the floor that ratios refer to
  --pace NAME         none, paced or both (none): whether the gateway's subscribers are paced. R is
                      10,000,000/s, far more than can be delivered: what is measured is the pace's own cost
  --changes N         changes published on each server (20)
  --duration S        seconds for all changes at most (120)
  --settle S          seconds before memory is read (5)
  --idle S            seconds without a change, to read the CPU that idle subscribers cost; 0 skips it
                      (26: longer than the longest time between two heartbeats, 25 s)
  --ledger NAME       the gateway's: sqlite or memory (sqlite)
  --access NAME       the gateway's: token or open (token)
  --server-core N     core of the servers (0)
  --driver-core N     core of the drivers (1)
`;

/** @throws Error that names the flag, its value and what it must be */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subscribers: { type: 'string', default: '15000' },
      transport: { type: 'string', default: 'both' },
      servers: { type: 'string', default: serverNames.join(',') },
      pace: { type: 'string', default: 'none' },
      changes: { type: 'string', default: '20' },
      duration: { type: 'string', default: '120' },
      settle: { type: 'string', default: '5' },
      idle: { type: 'string', default: '26' },
      ledger: { type: 'string', default: 'sqlite' },
      access: { type: 'string', default: 'token' },
      'server-core': { type: 'string', default: '0' },
      'driver-core': { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const transport = choiceFlag('transport', values.transport, ['sse', 'websocket', 'both'] as const);
  const pace = choiceFlag('pace', values.pace, ['none', 'paced', 'both'] as const);
  return {
    subscribers: numberFlag('subscribers', values.subscribers, 1, 1_000_000),
    transports: transport === 'both' ? ['sse', 'websocket'] : [transport],
    servers: values.servers.split(',').map((name) => choiceFlag('servers', name, serverNames)),
    paces: pace === 'both' ? ['none', 'paced'] : [pace],
    changes: numberFlag('changes', values.changes, 1, 100_000),
    durationS: numberFlag('duration', values.duration, 1, 86_400),
    settleS: numberFlag('settle', values.settle, 0, 3_600),
    idleS: numberFlag('idle', values.idle, 0, 3_600),
    ledger: choiceFlag('ledger', values.ledger, ['memory', 'sqlite'] as const),
    access: choiceFlag('access', values.access, ['open', 'token'] as const),
    serverCore: numberFlag('server-core', values['server-core'], 0, 1_023),
    driverCore: numberFlag('driver-core', values['driver-core'], 0, 1_023),
  };
}

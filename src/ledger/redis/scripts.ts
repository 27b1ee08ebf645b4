import { luaFiles, readScripts, type ScriptParts, type Scripts, sharedParts } from '../../redis/scripts.ts';

const own = (...names: readonly string[]) => luaFiles(import.meta.url, names);
const common = [...sharedParts('common'), ...own('keys')];
const admitted = [...common, ...own('intact', 'admit')];
const timed = [...admitted, ...sharedParts('clock')];

const parts = new Map([
  ['record', [...timed, ...own('deliveries', 'index', 'weigh', 'pending', 'snapshot', 'record')]],
  ['defer', [...timed, ...own('deliveries', 'pending', 'defer')]],
  ['claimPending', [...timed, ...own('claim-pending')]],
  ['status', [...timed, ...own('status')]],
  ['hole', [...timed, ...own('hole', 'status')]],
  ['trim', [...timed, ...own('snapshot', 'trim')]],
  ['export', [...timed, ...own('snapshot', 'export')]],
  ['import', [...admitted, ...own('index', 'import')]],
  ['seek', [...common, ...own('seek')]],
  ['tags', [...common, ...own('tags')]],
] as const satisfies readonly (readonly [string, ScriptParts])[]);

/** The ledger's scripts. Each states its contract at the head of its last part. */
export type LedgerScript = typeof parts extends ReadonlyMap<infer Name, unknown> ? Name : never;

/** Reads and assembles them. */
export function readLedgerScripts(): Promise<Scripts<LedgerScript>> {
  return readScripts(parts, ['seek', 'tags']);
}

import { luaFiles, readScripts, type ScriptParts, type Scripts, sharedParts } from '../../redis/scripts.ts';

const own = (...names: readonly string[]) => luaFiles(import.meta.url, names);
const lists = (...names: readonly string[]) => own(...names.map((name) => `lists/${name}`));
const common = [...sharedParts('common'), ...own('keys')];
const admitted = [...common, ...own('intact', 'admit')];
const timed = [...admitted, ...sharedParts('clock')];

const index = ['rows', 'moves', 'orders', 'tagged', 'index'] as const;

const parts = new Map([
  [
    'record',
    [...timed, ...own('deliveries', ...index, 'weigh', 'pending', 'turns', 'snapshot', 'decide', 'record')],
  ],
  ['defer', [...timed, ...own('deliveries', 'pending', 'defer')]],
  ['claimPending', [...timed, ...own('claim-pending')]],
  ['claimTurns', [...timed, ...own('turns', 'claim-turns')]],
  ['status', [...timed, ...own('status')]],
  ['hole', [...timed, ...own('hole', 'status')]],
  ['trim', [...timed, ...own('tagged', 'snapshot', 'trim')]],
  ['export', [...timed, ...own('snapshot', 'export')]],
  ['import', [...admitted, ...own('turns', ...index, 'import')]],
  ['migrate', [...admitted, ...own(...index, 'migrate')]],
  ['targets', [...timed, ...own('targets')]],
  ['seek', [...common, ...own('seek')]],
  ['listTags', [...common, ...lists('pages', 'tags')]],
  ['listMoved', [...common, ...own('moves', 'tagged'), ...lists('within', 'pages', 'moved')]],
  ['listAt', [...common, ...own('tagged'), ...lists('within', 'pages', 'at')]],
  ['listRepositories', [...common, ...lists('pages', 'repositories')]],
  ['listStates', [...common, ...lists('states')]],
  ['history', [...common, ...own('history')]],
  ['manifests', [...sharedParts('common', 'guard'), ...own('manifests')]],
] as const satisfies readonly (readonly [string, ScriptParts])[]);

/** The ledger's scripts. Each states its contract at the head of its last part. */
export type LedgerScript = typeof parts extends ReadonlyMap<infer Name, unknown> ? Name : never;

/** Reads and assembles them. */
export function readLedgerScripts(): Promise<Scripts<LedgerScript>> {
  const readOnly = [
    'seek',
    'listTags',
    'listMoved',
    'listAt',
    'listRepositories',
    'listStates',
    'history',
  ] as const;
  return readScripts(parts, readOnly);
}

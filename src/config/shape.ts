import type { z } from 'zod';
import type { settingsSchema } from './schema.ts';

/** Readonly at all depths. Optional members are absent instead of undefined. */
export type Resolved<T> = T extends string | number | boolean | null
  ? T
  : T extends readonly (infer E)[]
    ? readonly Resolved<E>[]
    : { readonly [K in keyof T]: Resolved<Exclude<T[K], undefined>> };

/** What the schema returns, before files are read. */
export type Parsed = Resolved<z.output<typeof settingsSchema>>;

/** One webhook. */
export type WebhookConfig = Parsed['webhooks'][number];
/** How fast changes go out; patterns as configured. */
export type PaceConfig = Parsed['pace'];

/** One registry, with the files that it names. */
export type RegistryConfig = Parsed['registries'][number] & {
  /** PEM content of `caFile`. */
  readonly ca?: string;
  /** JSON content of `dockerConfig`. */
  readonly dockerConfigText?: string;
};

/** One target, with the file that it names. */
export type TargetConfig = Parsed['targets'][number] &
  Pick<RegistryConfig, 'ca'> & {
    /** What variables stood for in members where that is secret (`secret: 'variables'`). Absent: nothing. */
    readonly fromVariables?: readonly string[];
  };

/** Durations are ms, sizes are bytes. The schema describes each member. */
export type Config = Omit<Parsed, 'registries' | 'targets' | 'ledger'> & {
  readonly registries: readonly RegistryConfig[];
  readonly targets: readonly TargetConfig[];
  readonly ledger: WithCa<Parsed['ledger']>;
};

type WithCa<Ledger> = Ledger extends { readonly kind: 'redis' }
  ? Ledger & Pick<RegistryConfig, 'ca'>
  : Ledger;

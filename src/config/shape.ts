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

export type WebhookConfig = Parsed['webhooks'][number];
export type WatchConfig = Parsed['watch'][number];
export type AccessConfig = Parsed['access'];
export type PaceConfig = Parsed['pace'];
export type LimitsConfig = Parsed['limits'];

export type RegistryConfig = Parsed['registries'][number] & {
  /** PEM content of `caFile`. */
  readonly ca?: string;
  /** JSON content of `dockerConfig`. */
  readonly dockerConfigText?: string;
};

/** Durations are ms, sizes are bytes. The schema describes each member. */
export type Config = Omit<Parsed, 'registries'> & { readonly registries: readonly RegistryConfig[] };

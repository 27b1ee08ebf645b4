/** The shape of the resolved configuration, derived from the schema. */
import type { z } from 'zod';
import type { settingsSchema } from './schema.ts';

/** Readonly all the way down, and optional members absent rather than undefined. */
export type Resolved<T> = T extends string | number | boolean | null
  ? T
  : T extends readonly (infer E)[]
    ? readonly Resolved<E>[]
    : { readonly [K in keyof T]: Resolved<Exclude<T[K], undefined>> };

/** What the schema gives, before files are read. */
export type Parsed = Resolved<z.output<typeof settingsSchema>>;

export type WebhookConfig = Parsed['webhooks'][number];
export type WatchConfig = Parsed['watch'][number];
export type AccessConfig = Parsed['access'];
export type PaceConfig = Parsed['pace'];
export type LimitsConfig = Parsed['limits'];

export type RegistryConfig = Parsed['registries'][number] & {
  /** Text of `caFile`, PEM. */
  readonly ca?: string;
  /** Text of `dockerConfig`, JSON. */
  readonly dockerConfigText?: string;
};

/** Durations in ms, sizes in bytes; what each means is said in the schema. */
export type Config = Omit<Parsed, 'registries'> & { readonly registries: readonly RegistryConfig[] };

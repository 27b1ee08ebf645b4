/** The arguments of `manifeed doctor`. */
import type { ParseArgsOptionsConfig } from 'node:util';
import type { Token } from '../../../client/src/index.ts';
import { ManifeedError } from '../../errors.ts';
import { parseReference } from '../../event/reference.ts';
import { type CommandIo, UsageError } from '../command.ts';
import { type Connection, connectionFlags, connectionOf, readFlags, shown } from '../connection.ts';

export interface DoctorArguments {
  readonly connection: Connection;
  readonly asksRegistries: boolean;
  /** Null: none. `repository` has no host if it is in the gateway's default registry. */
  readonly canary: {
    readonly hook: string;
    readonly hookToken: Token | undefined;
    readonly repository: string;
  } | null;
  /** The file of the configuration; null: this machine is not examined. */
  readonly config: string | null;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly noColor: boolean;
}

export const doctorFlags = {
  ...connectionFlags,
  config: { type: 'string' },
  registries: { type: 'boolean', default: false },
  canary: { type: 'boolean', default: false },
  hook: { type: 'string' },
  'hook-token-file': { type: 'string' },
  repository: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

/** @throws UsageError that names the argument */
export function parseDoctor(argv: readonly string[], io: CommandIo): DoctorArguments {
  const { values, positionals } = readFlags(argv, doctorFlags);
  if (positionals.length > 0)
    throw new UsageError(`read arguments: ${shown(positionals.join(' '))}: must be flags only`);
  const connection = connectionOf(values, io);
  return {
    connection,
    asksRegistries: values.registries,
    canary: canaryOf(values, connection, io),
    config: values.config ?? null,
    isJson: values.json,
    isQuiet: values.quiet,
    noColor: values['no-color'],
  };
}

interface CanaryValues {
  readonly canary: boolean;
  readonly hook?: string | undefined;
  readonly 'hook-token-file'?: string | undefined;
  readonly repository?: string | undefined;
}

function canaryOf(values: CanaryValues, connection: Connection, io: CommandIo): DoctorArguments['canary'] {
  if (!values.canary) {
    for (const name of ['hook', 'hook-token-file', 'repository'] as const)
      if (values[name] !== undefined) throw new UsageError(`read --${name}: must be with --canary`);
    return null;
  }
  const { hook = 'publish', 'hook-token-file': file, repository = 'manifeed-doctor/canary' } = values;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(hook))
    throw new UsageError(`read --hook: ${shown(hook)}: must be the name of a webhook`);
  const reference = readRepository(repository);
  if (reference.tag !== null || reference.digest !== null)
    throw new UsageError(`read --repository: ${shown(repository)}: must have no tag and no digest`);
  const hookToken =
    file === undefined
      ? connection.token
      : connectionOf({ gateway: connection.url, 'token-file': file }, io).token;
  return { hook, hookToken, repository };
}

function readRepository(text: string) {
  try {
    return parseReference(text, { parameter: '--repository' });
  } catch (error) {
    throw error instanceof ManifeedError ? new UsageError(error.message) : error;
  }
}

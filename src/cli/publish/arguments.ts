/** The arguments of `manifeed publish`. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { ManifeedError } from '../../errors.ts';
import { parseDigest } from '../../event/digest.ts';
import { parseReference } from '../../event/reference.ts';
import { parseRfc3339 } from '../../event/rfc3339.ts';
import { type CommandIo, UsageError } from '../command.ts';
import { type Connection, connectionFlags, connectionOf, readFlags, shown } from '../connection.ts';

/** What the hook gets: the JSON of hooks of the kind `manifeed` (docs/webhooks.md). */
export interface Publication {
  readonly reference: string;
  readonly action: 'push' | 'delete';
  readonly digest?: string;
  readonly id?: string;
  readonly occurredAt?: string;
}

export interface PublishArguments {
  /** Its token is the hook's. */
  readonly connection: Connection;
  readonly hook: string;
  readonly publication: Publication;
  readonly isJson: boolean;
  readonly noColor: boolean;
}

export const publishFlags = {
  ...connectionFlags,
  hook: { type: 'string', default: 'publish' },
  delete: { type: 'boolean', default: false },
  id: { type: 'string' },
  'occurred-at': { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

/** Names of hooks (docs/configuration.md, `webhooks[].name`). */
const hookGrammar = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws UsageError that names the argument */
export function parsePublish(argv: readonly string[], io: CommandIo): PublishArguments {
  const { values, positionals } = readFlags(argv, publishFlags);
  const [reference, digest, ...more] = positionals;
  if (reference === undefined)
    throw new UsageError('read arguments: no REF: must name an image, such as registry.example.com/app:1.2');
  if (more.length > 0)
    throw new UsageError(`read arguments: ${shown(more.join(' '))}: must be one REF and at most one DIGEST`);
  if (!hookGrammar.test(values.hook))
    throw new UsageError(`read --hook: ${shown(values.hook)}: must be the name of a webhook`);
  const { id, 'occurred-at': occurredAt } = values;
  if (occurredAt !== undefined && parseRfc3339(occurredAt) === null) {
    const rule = 'must be an RFC 3339 time, such as 2026-11-23T20:00:00Z';
    throw new UsageError(`read --occurred-at: ${shown(occurredAt)}: ${rule}`);
  }
  checkImage(reference, digest);
  return {
    connection: connectionOf(values, io),
    hook: values.hook,
    publication: {
      ...{ reference, action: values.delete ? 'delete' : 'push' },
      ...(digest === undefined ? {} : { digest }),
      ...(id === undefined ? {} : { id }),
      ...(occurredAt === undefined ? {} : { occurredAt }),
    },
    isJson: values.json,
    noColor: values['no-color'],
  };
}

/** The gateway checks them too. Here a mistake shows before there is any traffic. */
function checkImage(text: string, digest: string | undefined): void {
  if (digest !== undefined && parseDigest(digest) === null)
    throw new UsageError(
      `read DIGEST: ${shown(digest)}: must be sha256:<64 hex digits> or sha512:<128 hex digits>`,
    );
  const reference = readReference(text);
  if (reference.digest !== null && digest !== undefined && digest !== reference.digest)
    throw new UsageError(`read DIGEST: ${shown(digest)}: must be the digest that REF names, or be left out`);
  if (reference.tag === null && reference.digest === null && digest === undefined)
    throw new UsageError(`read REF: ${shown(text)}: must have a tag or a digest, as in app:1.2`);
}

function readReference(text: string) {
  try {
    return parseReference(text, { parameter: 'REF' });
  } catch (error) {
    throw error instanceof ManifeedError ? new UsageError(error.message) : error;
  }
}

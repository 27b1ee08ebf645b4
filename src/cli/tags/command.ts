import type { ParseArgsOptionsConfig } from 'node:util';
import { parseDigest } from '../../event/digest.ts';
import { isDigestTag } from '../../event/digest-tag.ts';
import { isGlob } from '../../event/glob.ts';
import { type TagRow, tagPage } from '../asking/answers.ts';
import type { Ask } from '../asking/gateway.ts';
import { emptiedAt, listingOf } from '../asking/listing.ts';
import { type Output, outputOf } from '../asking/output.ts';
import { pageRows, pagesOf } from '../asking/pages.ts';
import type { AskingParts } from '../asking/parts.ts';
import { type Command, exitCodes, UsageError } from '../command.ts';
import {
  connectionFlags,
  connectionHelp,
  connectionOf,
  countOf,
  oneOf,
  readFlags,
  shown,
} from '../connection.ts';
import { Blocks } from '../output/blocks.ts';
import { parseWishes, planOf, type Wish } from '../watch/images.ts';
import { tagLines } from './lines.ts';

const tagsFlags = {
  ...connectionFlags,
  tag: { type: 'string', multiple: true, default: [] },
  digest: { type: 'string' },
  sort: { type: 'string', default: 'name' },
  order: { type: 'string', default: 'asc' },
  count: { type: 'string' },
  'digest-tags': { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig;

interface Listed {
  readonly tag: readonly string[];
  readonly query: URLSearchParams;
  /** Most lines of one repository; null: all. */
  readonly count: number | null;
  readonly withDigestTags: boolean;
}

/** `manifeed tags`: prints what the tags of repositories point at. */
export function tagsCommand(parts: AskingParts): Command {
  return {
    usage: 'REPO…',
    details: [
      '',
      'A REPO is [host/]repo[:tag]: nginx, "nginx:^1.27", "ghcr.io/team/**". Each has a list of its own.',
      '',
      '  --tag TAG          of those that name none; also a glob or semver:RANGE; repeatable',
      '  --digest DIGEST    only tags that point at it',
      '  --sort WORD        name (default); updated: by the last move; semver: by version, of one repository',
      '  --order WORD       asc (default) or desc',
      '  --count N          the first N of each list',
      '  --digest-tags      also tags that stand for a digest: sha256-…, sha256-….sig, .att, .sbom',
      ...connectionHelp,
      '',
      'Exit codes: 0 done, 1 failed, or the gateway knows no tag of the repository, 2 usage.',
    ],
    async run(argv, io) {
      const { values, positionals } = readFlags(argv, tagsFlags);
      if (positionals.length === 0)
        throw new UsageError('read arguments: no repository: must name one, such as nginx');
      const wishes = parseWishes(positionals, values.tag);
      // What is wrong with one shows before there is any traffic.
      planOf(wishes, []);
      if (values.digest !== undefined && parseDigest(values.digest) === null)
        throw new UsageError(
          `read --digest: ${shown(values.digest)}: must be sha256:<64 hex digits> or sha512:<128 hex digits>`,
        );
      if (values.sort === 'semver' && wishes.some(({ repository }) => isGlob(repository)))
        throw new UsageError('read --sort: semver: must be with repositories that are no globs');
      const ask = parts.askOver(connectionOf(values, io));
      const output = outputOf('tags', values, parts.terminal);
      const query = new URLSearchParams({
        sort: oneOf('--sort', values.sort, ['name', 'updated', 'semver']),
        order: oneOf('--order', values.order, ['asc', 'desc']),
        ...(values.digest === undefined ? {} : { digest: values.digest }),
      });
      const count = values.count === undefined ? null : countOf('--count', values.count, 1);
      const list = { query, count, withDigestTags: values['digest-tags'] };
      let code: number = exitCodes.ok;
      for (const wish of wishes) {
        const printed = await printTags(ask, output, wish, { ...list, tag: wish.tags });
        if (!printed.blocks.hasReader) return exitCodes.ok;
        if (!(await isKnown(ask, output, wish))) code = exitCodes.failed;
        else if (printed.isEmpty) output.note(`list ${nameOf(wish)}: no tag that you ask for is known`);
      }
      return code;
    },
  };
}

async function printTags(ask: Ask, output: Output, wish: Wish, listed: Listed) {
  const query = new URLSearchParams(listed.query);
  query.set('repository', wish.repository);
  for (const tag of listed.tag) query.append('tag', tag);
  const blocks = new Blocks(output.out);
  let isEmpty = true;
  let left = listed.count ?? Number.POSITIVE_INFINITY;
  // Digest tags that are left out may fill a small page.
  const rows = Math.min(pageRows, Math.max(left, 100));
  const list = { path: '/v1/tags', query, place: 'cursor' as const, schema: tagPage, rows };
  for await (const { tags } of pagesOf(ask, list)) {
    const wanted = listed.withDigestTags ? tags : tags.filter(({ tag }) => !isDigestTag(tag));
    const first: readonly TagRow[] = wanted.slice(0, left);
    left -= first.length;
    if (first.length > 0) isEmpty = false;
    for (const line of tagLines(first, output)) await blocks.add(line);
    // A long list shows page by page.
    await blocks.flush();
    if (left === 0 || !blocks.hasReader) break;
  }
  return { blocks, isEmpty };
}

function nameOf({ repository, tags }: Wish): string {
  return tags.length === 1 ? `${repository}:${tags[0]}` : repository;
}

/** Whether the gateway knows the repository. It warns if it does not know it whole. Of a glob nothing can be said. */
async function isKnown(ask: Ask, output: Output, { repository }: Wish): Promise<boolean> {
  if (isGlob(repository)) return true;
  const { kind, name } = await listingOf(ask, repository);
  if (kind === 'unknown') {
    const at = await emptiedAt(ask, repository);
    const why =
      at === null ? 'it must be watched, or told of by a webhook' : `the last one was deleted at ${at}`;
    output.warn(`list ${name}: the gateway knows no tag of it: ${why}`);
  }
  if (kind === 'not-listed')
    output.note(`list ${name}: there may be more tags: the gateway never read the whole list`);
  return kind !== 'unknown';
}

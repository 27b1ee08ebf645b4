/** The content as the rows of an export: importing them costs a quarter of recording every push. */
import type { ManifestRow, TagRow } from '../../src/ledger/decision.ts';
import { type LedgerRow, transferFormat } from '../../src/ledger/transfer.ts';
import { type Content, mediaType, mirrors, origin, registry, size } from './content.ts';

const epoch = 'load';

/** Every row, in the order that an import asks for. @param onRow after each */
export async function* rowsOf(content: Content): AsyncGenerator<LedgerRow> {
  let rows = 0;
  for (const row of contents(content)) {
    rows += 1;
    yield row;
  }
  yield { row: 'end', rows };
}

function* contents(content: Content): Generator<LedgerRow> {
  const { extent, endedAt: recordedAt } = content;
  const times = { recordedAt, stampedAt: recordedAt };
  yield { row: 'header', format: transferFormat, epoch, floor: 0, head: extent.changes, ...times };
  for (let sequence = 1; sequence <= extent.changes; sequence += 1) yield changeRow(content, sequence);
  for (let r = 0; r < content.repositories; r += 1) yield* repositoryRows(content, r);
  for (const mirror of mirrors) yield* mirrorRows(content, mirror);
}

function changeRow(content: Content, sequence: number): LedgerRow {
  const before = sequence - content.extent.tags;
  const at = content.at(sequence);
  return {
    ...{ row: 'change', sequence, type: before > 0 ? 'tag.updated' : 'tag.created' },
    ...content.tag((sequence - 1) % content.extent.tags),
    digest: content.digest(sequence),
    previousDigest: before > 0 ? content.digest(before) : null,
    ...{ mediaType, size, occurredAt: at, recordedAt: at, origin },
  };
}

function* repositoryRows(content: Content, r: number): Generator<LedgerRow> {
  const repository = content.repository(r);
  const manifests: ManifestRow[] = [];
  for (const t of content.tagsOf(r)) {
    const sequences = content.changesOf(t);
    const [first = 1, last = first] = [sequences.at(0), sequences.at(-1)];
    yield {
      ...{ row: 'tag', ...content.tag(t), present: true, mediaType, size, sequence: last },
      digest: content.digest(last),
      ...{ firstSeenAt: content.at(first), updatedAt: content.at(last) },
      ...believed(content.at(last)),
      checkedAt: content.at(last),
    };
    for (const sequence of sequences)
      manifests.push({
        ...{ registry, repository, digest: content.digest(sequence), present: true, mediaType, size },
        ...believed(content.at(sequence)),
      });
  }
  manifests.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  for (const manifest of manifests) yield { row: 'manifest', ...manifest };
  yield* listed(content, repository);
}

/** As a webhook was believed. */
function believed(at: number): Pick<TagRow, 'asOf' | 'lookedAt' | 'saidAt' | 'saidBy'> {
  return { asOf: at, lookedAt: null, saidAt: at, saidBy: origin };
}

/** As a first look found it. */
function* mirrorRows(content: Content, repository: (typeof mirrors)[number]): Generator<LedgerRow> {
  const at = content.endedAt;
  for (let n = 0; n < content.extent.mirrorTags; n += 1) {
    const digest = content.mirrored(repository, n);
    if (digest === null) continue;
    yield {
      ...{ row: 'tag', registry, repository, tag: `2.${n}.0`, present: true, digest, mediaType, size },
      ...{ sequence: 0, firstSeenAt: at, updatedAt: at, checkedAt: at },
      ...{ asOf: at, lookedAt: at, saidAt: null, saidBy: null },
    };
  }
  yield* listed(content, repository);
}

/** A poll has read all its tags. */
function* listed({ endedAt }: Content, repository: string): Generator<LedgerRow> {
  yield { row: 'baseline', registry, repository, scope: '*' };
  yield { row: 'listed', registry, repository, wholeAt: endedAt, readAt: endedAt };
}

import type { TagRow } from '../../gateway/index-answers.ts';
import { mediaTypeText } from '../../lib/media-type.ts';
import { bytesText } from '../../lib/numbers.ts';
import { repositoryText } from '../../lib/reference.ts';
import { Copy } from '../../parts/copy.tsx';
import { Digest } from '../../parts/digest.tsx';
import { RelativeTime } from '../../parts/time.tsx';

/** What a tag points at now, whole, to copy. @param platforms null: not known */
export function PointsAt({
  row,
  platforms,
}: {
  row: TagRow;
  platforms: Readonly<Record<string, string>> | null;
}) {
  const repository = repositoryText(row);
  return (
    <section class="points-at">
      <h2 class="off-screen">Now</h2>
      {row.digest === null ? (
        <p>It is not known what the tag points at: neither a webhook nor the registry gave a digest.</p>
      ) : (
        <p class="whole-digest">
          <Copy text={`${repository}@${row.digest}`} label={`${repository}@${row.digest}`}>
            <code>
              <span class="muted">{repository}@</span>
              <wbr />
              {row.digest}
            </code>
          </Copy>
        </p>
      )}
      <dl class="facts">
        <div>
          <dt>Since</dt>
          <dd>
            <RelativeTime at={row.updatedAt} />
          </dd>
        </div>
        <div>
          <dt>First seen</dt>
          <dd>
            <RelativeTime at={row.firstSeenAt} />
          </dd>
        </div>
        <div>
          <dt>Kind</dt>
          <dd>{mediaTypeText(row.mediaType)}</dd>
        </div>
        <div>
          <dt>Manifest</dt>
          <dd>{row.size === null ? 'size not known' : bytesText(row.size)}</dd>
        </div>
      </dl>
      {platforms !== null && <Platforms platforms={platforms} repository={repository} />}
    </section>
  );
}

function Platforms({
  platforms,
  repository,
}: {
  platforms: Readonly<Record<string, string>>;
  repository: string;
}) {
  return (
    <ul class="platforms" aria-label="Platforms">
      {Object.entries(platforms).map(([platform, digest]) => (
        <li key={platform}>
          <span>{platform}</span>
          <Digest value={digest} of={repository} />
        </li>
      ))}
    </ul>
  );
}

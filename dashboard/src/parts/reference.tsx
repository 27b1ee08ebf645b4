import { type RepositoryName, repositoryText } from '../lib/reference.ts';
import { hrefOf } from '../lib/route.ts';

/** A name of which the part that tells it from others stands out. @param tag absent: the repository itself */
export function ReferenceText({ of: { registry, repository }, tag }: { of: RepositoryName; tag?: string }) {
  const parts = repository.split('/');
  return (
    <>
      <span class="muted">{`${registry}/`}</span>
      {parts.map((part, index) => (
        <>
          <wbr />
          {index < parts.length - 1 ? `${part}/` : part}
        </>
      ))}
      {tag !== undefined && (
        <>
          <wbr />
          <span class="tag">{`:${tag}`}</span>
        </>
      )}
    </>
  );
}

/** Where a repository is shown. */
export function repositoryHref(name: RepositoryName): string {
  return hrefOf('repository', repositoryText(name));
}

/** Where a tag is shown. */
export function tagHref(name: RepositoryName, tag: string): string {
  return hrefOf('tag', `${repositoryText(name)}:${tag}`);
}

import { shortDigest } from '../lib/digest.ts';
import { Copy } from './copy.tsx';

/**
 * A digest: shortened, with the whole in its title and in what is copied.
 *
 * @param of name of the repository: then `repository@digest` is copied, which tools take
 */
export function Digest({ value, of }: { value: string | null; of?: string }) {
  if (value === null) return <span class="muted">–</span>;
  const short = shortDigest(value);
  return (
    <Copy text={of === undefined ? value : `${of}@${value}`} label={`digest ${short}`}>
      <code class="digest">{short}</code>
    </Copy>
  );
}

import { Fragment } from 'preact';
import { partsOfName, partsOfOrigin, partsOfPath, splitAtOrigins } from '../lib/breaks.ts';

/** A text that may have URLs and paths: where a line is too short, they break at a place that reads well. */
export function Breakable({ text }: { text: string }) {
  return (
    <>
      {splitAtOrigins(text).map((part, at) =>
        at % 2 === 0 ? (
          <Pieces key={at} of={partsOfPath(part)} />
        ) : (
          <span key={at} class="origin-text">
            <Pieces of={partsOfOrigin(part)} />
          </span>
        ),
      )}
    </>
  );
}

/** The name of a host or a setting: where a line is too short, it breaks after a dot. */
export function BreakableName({ text }: { text: string }) {
  return <Pieces of={partsOfName(text)} />;
}

function Pieces({ of: pieces }: { of: readonly string[] }) {
  return (
    <>
      {pieces.map((piece, at) => (
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {piece}
        </Fragment>
      ))}
    </>
  );
}

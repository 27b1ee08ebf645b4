import { Fragment } from 'preact';
import { partsOfOrigin, splitAtOrigins } from '../lib/breaks.ts';

/** A text that may have URLs: where a line is too short, they break at a place that reads well. */
export function Breakable({ text }: { text: string }) {
  return (
    <>
      {splitAtOrigins(text).map((part, at) =>
        at % 2 === 0 ? (
          part
        ) : (
          <span key={at} class="origin-text">
            {partsOfOrigin(part).map((piece, index) => (
              <Fragment key={index}>
                {index > 0 && <wbr />}
                {piece}
              </Fragment>
            ))}
          </span>
        ),
      )}
    </>
  );
}

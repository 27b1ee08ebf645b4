import { Fragment } from 'preact';
import { breakableParts } from '../lib/breaks.ts';

/** A text that may have URLs: where a line is too short, they break at a place that reads well. */
export function Breakable({ text }: { text: string }) {
  return (
    <>
      {breakableParts(text).map((part, at) => (
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}

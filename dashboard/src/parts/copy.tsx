import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { announce } from '../app/announcer.tsx';
import { copyText } from '../app/clipboard.ts';
import { Icon } from './icon.tsx';

/** How long the button says that it copied, ms. */
const shownMs = 1_500;

/** A button that copies a text, and says so. @param label what is copied: `digest` */
export function Copy({
  text,
  label,
  children,
}: {
  text: string;
  label: string;
  children?: ComponentChildren;
}) {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), shownMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    const next = (await copyText(text)) ? 'copied' : 'failed';
    setOutcome(next);
    announce(next === 'copied' ? `Copied ${label}` : `This browser did not let the page copy ${label}`);
  };
  return (
    <button
      type="button"
      class={`copy ${outcome ?? ''}`}
      title={text}
      aria-label={`Copy ${label}`}
      onClick={copy}
    >
      {children ?? 'Copy'}
      <Icon name={outcome === 'copied' ? 'ok' : outcome === 'failed' ? 'close' : 'copy'} />
    </button>
  );
}

import { Badge, type Tone } from './badge.tsx';
import type { IconName } from './icon.tsx';

const words: Readonly<Record<string, readonly [word: string, icon: IconName, tone: Tone]>> = {
  'tag.created': ['Created', 'created', 'good'],
  'tag.updated': ['Moved', 'moved', 'accent'],
  'tag.deleted': ['Deleted', 'deleted', 'bad'],
  'manifest.pushed': ['Pushed', 'pushed', 'quiet'],
  'manifest.deleted': ['Deleted', 'deleted', 'quiet'],
};

/** What a change did (PROTOCOL.md, section 2: `type`). */
export function ChangeType({ type }: { type: string }) {
  const [word, icon, tone] = words[type] ?? [type, 'info' as const, 'quiet' as const];
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  );
}

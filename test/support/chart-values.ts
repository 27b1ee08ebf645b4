/** The values for the Helm chart that docs/operating.md shows. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

export function shownValues() {
  const section = readFileSync('docs/operating.md', 'utf8').split('\n## Kubernetes\n')[1] ?? '';
  const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  return z.looseObject({ config: z.looseObject({}) }).parse(parse(block));
}

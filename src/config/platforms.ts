import { z } from 'zod';
import { duration, rename } from './settings/values.ts';

/** The `platforms` section. */
export const platforms = z
  .strictObject({
    timeout: duration('100ms', '1m')
      .prefault('5s')
      .describe('Longest time that a change waits for its platforms, where they are asked for'),
  })
  .transform(rename({ timeout: 'timeoutMs' }));

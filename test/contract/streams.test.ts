import { describe } from 'vitest';
import { roads } from './stream-roads.ts';
import { streamContract } from './streams.ts';

for (const road of roads) describe(road.name, () => streamContract(road));

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MarkerCounter } from '../../../load-tests/bench/marker-counter.ts';
import { changeMarker, sampleChange, sseFrame } from '../../../load-tests/bench/sample.ts';

describe('MarkerCounter', () => {
  it('counts each frame once, however the stream is cut', () => {
    const stream = Buffer.from([1, 2, 3].map((n) => sseFrame(n, sampleChange(n))).join('id: x\n\n'));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const counter = new MarkerCounter(changeMarker, 1);
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        let found = 0;
        edges.slice(1).forEach((end, i) => {
          found += counter.count(0, stream.subarray(edges[i], end));
        });
        expect(found).toBe(3);
      }),
    );
  });

  it('counts byte by byte', () => {
    const counter = new MarkerCounter(changeMarker, 1);
    const stream = Buffer.from(`"t"ty"type":"tag."${changeMarker}`);
    const found = [...stream].map((byte) => counter.count(0, Buffer.from([byte])));
    expect(found.reduce((sum, each) => sum + each, 0)).toBe(2);
  });

  it('keeps streams apart', () => {
    const counter = new MarkerCounter('ab', 2);
    expect(counter.count(0, Buffer.from('a'))).toBe(0);
    expect(counter.count(1, Buffer.from('b'))).toBe(0);
    expect(counter.count(0, Buffer.from('b'))).toBe(1);
  });
});

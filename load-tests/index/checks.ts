/** The update checks that are measured: 200 images of as many repositories. */
import type { Content } from './content.ts';
import { digestOf, registry, tagsPerRepository } from './content.ts';

export const imagesPerCheck = 200;

/**
 * @param first number of the first repository: the same gives the same images
 * @param repositories how many different ones, at most; the default is all
 */
export function checkBody(
  content: Content,
  first: number,
  range: string | null,
  repositories = content.repositories,
): string {
  const images = Array.from({ length: imagesPerCheck }, (_, i) => {
    const r = (first + (i % repositories)) % content.repositories;
    const version = (r * 7) % Math.max(1, Math.min(tagsPerRepository, content.tagsOf(r).length));
    const image = `${registry}/${content.repository(r)}:1.${version}.0`;
    return { image, digest: digestOf(`what the host has ${r}`), ...(range === null ? {} : { range }) };
  });
  return JSON.stringify({ images });
}

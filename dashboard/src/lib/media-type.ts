const index = /\.(?:image\.index\.v1\+json|manifest\.list\.v2\+json)$/;
const manifest = /\.(?:image\.manifest\.v1\+json|manifest\.v2\+json)$/;

/** What a manifest is, in words: the index of several platforms, or one image. Anything else is named as it is. */
export function mediaTypeText(mediaType: string | null): string {
  if (mediaType === null) return 'not known';
  if (index.test(mediaType)) return 'index of platforms';
  return manifest.test(mediaType) ? 'one image' : mediaType;
}

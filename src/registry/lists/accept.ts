/** Which media type a client prefers, by its `Accept` (RFC 9110, 12.5.1). */

/**
 * Whether the client asks for the type by its exact name, and prefers nothing to it that this alternative is. `*` and
 * ranges do not ask for it: every client sends them, also those that only know the alternative.
 */
export function prefers(accept: string | string[] | undefined, type: string, alternative: string): boolean {
  const ranges = [accept ?? ''].flat().join(',').toLowerCase().split(',').map(toRange);
  const qualityOf = (name: string) => ranges.find((range) => range.name === name)?.quality;
  const quality = qualityOf(type) ?? 0;
  const [folder = ''] = alternative.split('/');
  const other = qualityOf(alternative) ?? qualityOf(`${folder}/*`) ?? qualityOf('*/*') ?? 0;
  return quality > 0 && quality >= other;
}

function toRange(text: string): { readonly name: string; readonly quality: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  // A weight that is none refuses the type, as 0 does.
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

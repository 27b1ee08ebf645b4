/** Images of a compose file: `services.*.image` (compose-spec). Other files that it names are not read. */
import { InputError } from '../../command.ts';
import { type Finds, named } from '../wanted.ts';
import { interpolate, type Lookup } from './interpolation.ts';
import { isMapping, type Mapping } from './yaml.ts';

/** Whether a YAML document is a compose file. */
export function isCompose(document: Mapping): boolean {
  return isMapping(document.services) && document.apiVersion === undefined;
}

const howToRead = 'use docker compose config | manifeed check --file -';

/** Whether its image stands in another place. */
function extendsAnother(service: unknown): boolean {
  return isMapping(service) && service.extends !== undefined && !service.image && service.build === undefined;
}

/** Takes the images of services. A service without one is built, so it has no image that could move. */
export function readCompose(
  path: string,
  { services, include }: Mapping,
  lookup: Lookup,
  finds: Finds,
): void {
  if (!isMapping(services)) return;
  const elsewhere = [
    ...(include === undefined ? [] : ['include']),
    ...Object.entries(services).flatMap(([name, service]) => (extendsAnother(service) ? [name] : [])),
  ];
  if (elsewhere.length > 0)
    finds.notes.push(`read ${path}: ${named(elsewhere)}: images of other files are not read: ${howToRead}`);
  for (const [name, service] of Object.entries(services)) {
    if (!isMapping(service) || service.image === undefined || service.image === null) continue;
    const place = `${path}: services.${name}`;
    const { image, build } = service;
    finds.attempt(() => {
      if (typeof image !== 'string')
        throw new InputError(`read ${place}: image: ${String(image)}: must be a string, in quotes`);
      finds.take(place, interpolate(place, image, { lookup, dollar: '$$' }), build !== undefined);
    });
  }
}

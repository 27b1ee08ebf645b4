/** Where the documents are that the gateway names. A link only: the page loads nothing from there. */
const repository = 'https://github.com/manifeed/manifeed/blob/main/';

/** @param place file and heading: `docs/operating.md#restore` */
export function docsUrl(place: string): string {
  return `${repository}${place}`;
}

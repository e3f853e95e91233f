// Reads and writes the formats of a client's own endpoint, JSON and XML: one flat lead, and a yes or a code.
// Invariant: a body that is not exactly of its form is not read at all.
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** Fields of a lead by name; each is a text. */
export type Fields = Readonly<Record<string, string>>;

/** A yes with the number of the lead, or a code, with the number where the lead is known. */
export interface Said {
  readonly id?: string;
  readonly error?: string;
}

const texts = (value: unknown): Fields | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = Object.entries(value as Record<string, unknown>);
  return fields.every((field): field is [string, string] => typeof field[1] === 'string')
    ? Object.fromEntries(fields)
    : undefined;
};

const utf8 = (body: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
};

export function readJson(body: Buffer): Fields | undefined {
  try {
    return texts(JSON.parse(utf8(body) ?? ''));
  } catch {
    return undefined;
  }
}

export const writeJson = ({ id, error }: Said): string =>
  JSON.stringify(
    error === undefined
      ? { success: true, id }
      : { success: false, error: { code: error }, ...(id === undefined ? {} : { existing_id: id }) },
  );

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
});

/** `<lead reference="..."><nom>...</nom>...</lead>`; blanks between elements are ignored. */
export function readXml(body: Buffer): Fields | undefined {
  const text = utf8(body);
  if (text === undefined || XMLValidator.validate(text) !== true) return undefined;
  const { lead, ...more } = parser.parse(text) as Readonly<Record<string, unknown>>;
  const others = Object.entries(more).some(([name]) => name !== '#text');
  if (others || typeof lead !== 'object' || lead === null) return undefined;
  const { '#text': _blanks, ...fields } = lead as Readonly<Record<string, unknown>>;
  return texts(fields);
}

export const writeXml = ({ id, error }: Said): string =>
  error === undefined
    ? `<?xml version="1.0" encoding="UTF-8"?>\n<reponse><statut>OK</statut><id>${id ?? ''}</id></reponse>`
    : `<?xml version="1.0" encoding="UTF-8"?>\n<reponse><statut>ERREUR</statut><erreur code="${error}"${id === undefined ? '' : ` id="${id}"`}/></reponse>`;

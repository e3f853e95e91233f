// Lists the formats and encodings that a mapping can write.
// Invariant: closed; a connector lists the bodies it carries, and each body writes its targets by one grammar.

export type Format = 'json' | 'form' | 'xml' | 'csv' | 'none';

/** The name of each body in a file, with the grammar of its targets. */
export const bodyFormats = {
  json: 'json',
  form: 'form',
  multipart: 'form',
  jsonRpc: 'json',
  xmlRpc: 'json',
  xml: 'xml',
  soap: 'xml',
  csv: 'csv',
  none: 'none',
} as const satisfies Readonly<Record<string, Format>>;

export type BodyFormat = keyof typeof bodyFormats;

/** Those that have a block in a file. */
export const bodyBlocks = (Object.keys(bodyFormats) as BodyFormat[]).filter((format) => format !== 'none');

/** Bodies of calls of a procedure, whose parameters the fields write. */
export type RpcFormat = 'jsonRpc' | 'xmlRpc';

/** Protocols that report an error inside an answer, whatever its status. */
export type FaultFormat = RpcFormat | 'soap';

/** How values are written when the file names no formatter: for a machine format, or for people. */
export type Mode = Format | 'sheet';

/** Encodings a body can be written in. */
export const encodings = ['utf-8', 'utf-8-bom', 'windows-1252', 'iso-8859-15', 'iso-8859-1'] as const;
export type Encoding = (typeof encodings)[number];

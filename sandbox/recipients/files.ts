// Runs the SFTP accounts of Alpes and Hexagone, and reads the received files as their systems do.
// Invariant: read as the client would: windows-1252 and semicolons, XML with its attributes; a control file must agree.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { XMLParser } from 'fast-xml-parser';
import iconv from 'iconv-lite';
import type { RecipientReport, Received, DemoRecipient } from './record.ts';
import { startSftp } from './sftp.ts';

export interface FileDrop extends DemoRecipient {
  readonly port: number;
}

export interface FileDropOptions {
  readonly destination: string;
  readonly home: string;
  /** Below home; created. */
  readonly folder: string;
  readonly login: { readonly user: string; readonly password: string };
  readonly kind: 'csv' | 'xml';
}

export async function startFileDrop(options: FileDropOptions): Promise<FileDrop> {
  const place = join(options.home, options.folder);
  mkdirSync(place, { recursive: true });
  const server = await startSftp({ login: options.login, home: options.home });
  return {
    destination: options.destination,
    place,
    port: server.port,
    read: () => Promise.resolve(readDrop(place, options)),
    sample: () => {
      const [name] = filesIn(place, options.kind);
      if (name === undefined) return Promise.resolve(undefined);
      const bytes = readFileSync(join(place, name));
      return Promise.resolve(options.kind === 'csv' ? csvSample(name, bytes) : xmlSample(name, bytes));
    },
    close: server.close,
  };
}

const filesIn = (folder: string, kind: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(`.${kind}`))
    .sort();

export function readDrop(
  place: string,
  { destination, kind }: Pick<FileDropOptions, 'destination' | 'kind'>,
): RecipientReport {
  const received: Received[] = [];
  const complaints: string[] = [];
  for (const name of filesIn(place, kind)) {
    const path = join(place, name);
    const bytes = readFileSync(path);
    try {
      const rows = kind === 'csv' ? csvRows(bytes) : xmlRows(bytes);
      complaints.push(...controlComplaints(path, bytes, rows.length));
      received.push(...rows.map((row) => ({ ...row, destination, times: 1, place: path })));
    } catch (error) {
      complaints.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const name of readdirSync(place))
    if (name.endsWith('.part')) complaints.push(`${join(place, name)} was never finished`);
  return { received, complaints };
}

type Row = Pick<Received, 'reference' | 'action' | 'optIn'>;

/** `TEXT;TEXT` in windows-1252 with a header line. */
export function csvRows(bytes: Buffer): readonly Row[] {
  const records = parse<Record<string, string>>(iconv.decode(bytes, 'windows-1252'), {
    delimiter: ';',
    columns: true,
  });
  const actions: Readonly<Record<string, Received['action']>> = { C: 'create', M: 'update', S: 'erase' };
  return records.map((record) => {
    const action = actions[record['ACTION'] ?? ''];
    if (action === undefined) throw new Error(`unknown ACTION in row ${record['REFERENCE'] ?? '?'}`);
    return {
      reference: record['REFERENCE'] ?? '',
      action,
      optIn: Object.fromEntries(Object.entries(record).filter(([name]) => name.startsWith('OPTIN_'))),
    };
  });
}

interface XmlLead {
  readonly '@ref': string;
  readonly '@action': string;
  readonly '@profilage'?: string;
  readonly optin?: readonly ({ readonly '@canal': string; readonly '#text'?: string } | string)[];
}

/** `<leads><lead ref action>...`, every value a text: "0" must not become 0. */
export function xmlRows(bytes: Buffer): readonly Row[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    isArray: (name) => name === 'lead' || name === 'optin',
  });
  const read = parser.parse(bytes.toString('utf8'), true) as { leads?: { lead?: readonly XmlLead[] } };
  return (read.leads?.lead ?? []).map((lead) => {
    const optIn: Record<string, string> = {};
    for (const line of lead.optin ?? []) {
      if (typeof line !== 'string') optIn[`lead.optin@canal=${line['@canal']}`] = line['#text'] ?? '';
    }
    if (lead['@profilage'] !== undefined) optIn['lead@profilage'] = lead['@profilage'];
    const action = lead['@action'];
    if (action !== 'create' && action !== 'update' && action !== 'erase')
      throw new Error(`unknown action of ${lead['@ref']}`);
    return { reference: lead['@ref'], action, optIn };
  });
}

/** The control file beside a data file (`name=value` lines), where there is one. */
function controlComplaints(path: string, bytes: Buffer, rows: number): readonly string[] {
  const control = [`${path}.ctl`].find((file) => existsSync(file));
  if (control === undefined) return [];
  const said = Object.fromEntries(
    readFileSync(control, 'utf8')
      .split(/\r?\n/)
      .filter((line) => line.includes('='))
      .map((line) => line.split('=', 2) as [string, string]),
  );
  const complaints: string[] = [];
  if (said['rows'] !== undefined && Number(said['rows']) !== rows)
    complaints.push(`${path}: ${rows} rows, the control file says ${said['rows']}`);
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (said['sha256'] !== undefined && said['sha256'].toLowerCase() !== sum)
    complaints.push(`${path}: the check sum differs from the control file's`);
  return complaints;
}

type Sample = { readonly title: string; readonly text: string; readonly optInLines: RegExp };

function csvSample(name: string, bytes: Buffer): Sample {
  const lines = iconv.decode(bytes, 'windows-1252').split('\r\n');
  return {
    title: `CSV by SFTP: ${name} (header and first two rows; windows-1252 on disk)`,
    text: lines.slice(0, 3).join('\n'),
    optInLines: /OPTIN_/,
  };
}

function xmlSample(name: string, bytes: Buffer): Sample {
  const text = bytes.toString('utf8');
  const first = text.indexOf('</lead>');
  return {
    title: `XML by SFTP: ${name} (first record)`,
    text: first < 0 ? text : `${text.slice(0, first + 7)}\n  …`,
    optInLines: /<optin|profilage/,
  };
}

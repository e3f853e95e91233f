// The JSON Schema of the `file` block of a flow, for editors and the check.
// Invariant: a secret is named, never written; the host key is pinned.
import { blockOf, formedText, oneOf, textOf, type JsonSchema } from '../contract.ts';
import { lineSettingsSchema } from './line-settings.ts';
import { packingSchema } from './packing/settings.ts';
import { controlFields } from './settings.ts';
import { transports } from './transports.ts';

const placed = transports.filter(({ handOver }) => handOver === undefined).map(({ scheme }) => scheme);
const suffix = '^[A-Za-z0-9._-]{1,20}$';
export const flowSettingsSchema: JsonSchema = blockOf(
  'Which file is written, where and when.',
  ['name', 'to', 'server', 'schedule'],
  {
    name: textOf(
      'File name; may hold {date:yyyyMMdd} {time:HHmmss} {seq} {seq:6} {client} {destination}.',
      120,
    ),
    to: formedText(
      'sftp:NAME/folder or local:NAME/folder, exactly as authorised. The folder is below the login (or local) folder; sftp:NAME//folder is absolute. mailto:leads@client.example for a mail.',
      `^((${placed.join('|')}):[a-z0-9][a-z0-9-]{0,62}(/.{0,200})?|mailto:[^\\s@]{1,64}@[^\\s]{1,400})$`,
      'sftp:NOM/dossier, local:NOM/dossier, ou mailto:leads@client.example pour un e-mail, tel que l’habilitation le nomme.',
    ),
    server: {
      description: 'The server behind NAME.',
      'x-forme': 'un bloc avec ce qu’il faut pour ce serveur : hôte, dossier, adresse ou compartiment.',
      anyOf: transports.map(({ schema }) => schema),
    },
    schedule: blockOf('When a file is written.', ['cron'], {
      cron: { type: 'string', minLength: 9, maxLength: 100, description: 'Minute hour day month weekday.' },
      timezone: {
        type: 'string',
        default: 'Europe/Paris',
        description: 'Zone of the schedule and of the dates in the name.',
      },
      late: {
        type: 'string',
        pattern: '^[1-9][0-9]{0,4}(m|h|d)$',
        'x-forme': 'une durée, comme 30m.',
        default: '30m',
        description: 'A file that has not left by then after its hour is reported to support.',
      },
    }),
    empty: oneOf(
      'A slot without leads makes no file (skip), or one without records, with its heading or root alone (header).',
      ['skip', 'header'],
      'skip',
    ),
    mode: oneOf(
      'A file holds the leads that have not left yet (new), or every current lead each time (full): a lead missing in it is deleted.',
      ['new', 'full'],
      'new',
    ),
    guard: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      description: 'With mode: full, when a file is held back until support has looked at it.',
      properties: {
        shrink: {
          type: 'integer',
          minimum: 0,
          maximum: 100,
          default: 50,
          description: 'Leads of the last file that may be missing, in percent.',
        },
        fewest: { type: 'integer', minimum: 1, maximum: 10_000_000, description: 'Leads it has at least.' },
      },
    },
    ...packingSchema,
    control: blockOf('A control file written after the data file.', ['sidecar'], {
      sidecar: formedText('Added to the file name, e.g. .ctl.', suffix, 'une fin de nom, comme .ctl.'),
      fields: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        default: [...controlFields],
        items: oneOf('A line field=value.', ['seq', 'rows', 'sha256', 'name', 'size']),
        description: 'Lines of the control file, in order.',
      },
    }),
    ack: blockOf(
      'The file the recipient answers with; until it is there the deliveries are pending. Read by the response rules.',
      ['path'],
      {
        path: textOf(
          'Path with {seq}, {date:…}; below the login folder unless it begins with /. With lines, {piece} counts the pieces it comes in from 1.',
          200,
        ),
        within: formedText(
          'How long to wait for it, e.g. 4h; then support is alerted.',
          '^[1-9][0-9]{0,4}(m|h|d)$',
          'une durée, comme 4h.',
        ),
        lines: lineSettingsSchema,
      },
    ),
    marker: formedText(
      'For servers that forbid renaming: the file is written under its final name, and an empty file of this suffix beside it, e.g. .done, says that it is whole.',
      suffix,
      'une fin de nom, comme .done.',
    ),
    tempSuffix: {
      type: 'string',
      pattern: suffix,
      'x-forme': 'une fin de nom, comme .part.',
      default: '.part',
      description: 'Added to the name while the file is being written.',
    },
  },
);

// The `file` block of a flow: its schema, the rules a schema cannot say, its place and its secrets' names. Pure.
// Invariant: the server's host key is pinned, no secret in clear, no path leaves its folder, every file has its own name.
import type { JsonSchema, SettingsProblem } from '../contract.ts';
import { clearTextProblem, secretPattern } from '../guard.ts';
import { patternProblems } from './names.ts';
import { scheduleProblem } from './schedule.ts';

export interface SftpServer {
  readonly host: string;
  readonly port?: number;
  readonly user: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
  readonly hostKey: string | readonly string[];
}

export interface LocalServer {
  readonly folder: string;
}

export type ControlField = 'seq' | 'rows' | 'sha256' | 'name' | 'size';

export interface FlowSettings {
  readonly name: string;
  readonly to: string;
  readonly server: SftpServer | LocalServer;
  readonly schedule: { readonly cron: string; readonly timezone?: string };
  readonly empty?: 'skip';
  readonly control?: { readonly sidecar: string; readonly fields?: readonly ControlField[] };
  readonly ack?: { readonly path: string; readonly within?: string };
  readonly tempSuffix?: string;
}

const hostKeyPattern = '^SHA256:[A-Za-z0-9+/]{43}=?$';
const suffix = '^[A-Za-z0-9._-]{1,20}$';
const pinned: JsonSchema = {
  type: 'string',
  pattern: hostKeyPattern,
  description: 'SHA256:… as ssh-keygen -lf prints it.',
};
const secret = (description: string): JsonSchema => ({ type: 'string', pattern: secretPattern, description });

export const flowSettingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'to', 'server', 'schedule'],
  description: 'Which file is written, where and when.',
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 120,
      description: 'File name; may hold {date:yyyyMMdd} {time:HHmmss} {seq} {seq:6} {client} {destination}.',
    },
    to: {
      type: 'string',
      pattern: '^(sftp|local):[a-z0-9][a-z0-9-]{0,62}(/.{0,200})?$',
      description:
        'sftp:NAME/folder or local:NAME/folder, exactly as authorised. The folder is below the login (or local) folder; sftp:NAME//folder is absolute.',
    },
    server: {
      description: 'The server behind NAME.',
      anyOf: [
        {
          type: 'object',
          additionalProperties: false,
          required: ['host', 'user', 'hostKey'],
          description: 'An SFTP server.',
          properties: {
            host: { type: 'string', minLength: 1, maxLength: 253, description: 'Name of the server.' },
            port: { type: 'integer', minimum: 1, maximum: 65535, default: 22, description: 'Port.' },
            user: { type: 'string', minLength: 1, maxLength: 200, description: 'User name.' },
            password: secret('secret:NAME of the password.'),
            privateKey: secret('secret:NAME of the private key (PEM or OpenSSH).'),
            passphrase: secret('secret:NAME of the passphrase of the private key.'),
            hostKey: {
              description:
                'Fingerprint of the host key: the server must show it. Several during a change of key.',
              anyOf: [
                pinned,
                {
                  type: 'array',
                  minItems: 1,
                  maxItems: 5,
                  items: pinned,
                  description: 'Accepted fingerprints.',
                },
              ],
            },
          },
        },
        {
          type: 'object',
          additionalProperties: false,
          required: ['folder'],
          description: 'A folder of this machine, when the operator allows it.',
          properties: { folder: { type: 'string', pattern: '^/.{0,400}$', description: 'Absolute path.' } },
        },
      ],
    },
    schedule: {
      type: 'object',
      additionalProperties: false,
      required: ['cron'],
      description: 'When a file is written.',
      properties: {
        cron: { type: 'string', minLength: 9, maxLength: 100, description: 'Minute hour day month weekday.' },
        timezone: {
          type: 'string',
          default: 'Europe/Paris',
          description: 'Zone of the schedule and of the dates in the name.',
        },
      },
    },
    empty: {
      type: 'string',
      enum: ['skip'],
      default: 'skip',
      description: 'A slot without leads makes no file.',
    },
    control: {
      type: 'object',
      additionalProperties: false,
      required: ['sidecar'],
      description: 'A control file written after the data file.',
      properties: {
        sidecar: { type: 'string', pattern: suffix, description: 'Added to the file name, e.g. .ctl.' },
        fields: {
          type: 'array',
          minItems: 1,
          uniqueItems: true,
          default: ['seq', 'rows', 'sha256'],
          items: {
            type: 'string',
            enum: ['seq', 'rows', 'sha256', 'name', 'size'],
            description: 'A line field=value.',
          },
          description: 'Lines of the control file, in order.',
        },
      },
    },
    ack: {
      type: 'object',
      additionalProperties: false,
      required: ['path'],
      description:
        'The file the recipient answers with; until it is there the deliveries are pending. Read by the response rules.',
      properties: {
        path: {
          type: 'string',
          minLength: 1,
          maxLength: 200,
          description: 'Path with {seq}, {date:…}; below the login folder unless it begins with /.',
        },
        within: {
          type: 'string',
          pattern: '^[1-9][0-9]{0,4}(m|h|d)$',
          description: 'How long to wait for it, e.g. 4h.',
        },
      },
    },
    tempSuffix: {
      type: 'string',
      pattern: suffix,
      default: '.part',
      description: 'Added to the name while the file is being written.',
    },
  },
};

export const timezoneOf = (settings: FlowSettings): string => settings.schedule.timezone ?? 'Europe/Paris';
export const isLocal = (server: SftpServer | LocalServer): server is LocalServer => 'folder' in server;

export function checkFlowSettings(settings: FlowSettings): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = patternProblems(settings.name).map((message) => ({
    path: '/name',
    message,
  }));
  if (/[/\\]/.test(settings.name) || settings.name.startsWith('.'))
    problems.push({ path: '/name', message: 'A file name has no / and does not begin with a dot.' });
  if (!/\{seq(:\d+)?\}/.test(settings.name))
    problems.push({
      path: '/name',
      message: 'The name needs {seq}: two files must never have the same name.',
    });
  if (climbs(folderOf(settings.to)))
    problems.push({ path: '/to', message: 'A folder cannot hold . or .. steps.' });
  const schedule = scheduleProblem(settings.schedule.cron, timezoneOf(settings));
  if (schedule !== undefined) problems.push({ path: '/schedule', message: schedule });
  if (settings.ack !== undefined) {
    problems.push(...patternProblems(settings.ack.path).map((message) => ({ path: '/ack/path', message })));
    if (!/\{seq(:\d+)?\}/.test(settings.ack.path))
      problems.push({
        path: '/ack/path',
        message: 'The path needs {seq}: an answer must belong to one file.',
      });
    if (climbs(settings.ack.path))
      problems.push({ path: '/ack/path', message: 'A path cannot hold . or .. steps.' });
  }
  const temp = settings.tempSuffix ?? '.part';
  if (settings.control !== undefined && settings.control.sidecar === temp)
    problems.push({
      path: '/control/sidecar',
      message: 'The control file needs another suffix than tempSuffix.',
    });
  return [...problems, ...serverProblems(settings)];
}

function serverProblems({ server, to }: FlowSettings): readonly SettingsProblem[] {
  if (isLocal(server)) {
    if (!to.startsWith('local:'))
      return [{ path: '/to', message: 'A server with a folder goes with to: local:NAME/….' }];
    return climbs(server.folder)
      ? [{ path: '/server/folder', message: 'A folder cannot hold . or .. steps.' }]
      : [];
  }
  const problems: SettingsProblem[] = [];
  if (!to.startsWith('sftp:'))
    problems.push({ path: '/to', message: 'An SFTP server goes with to: sftp:NAME/….' });
  if ((server.password === undefined) === (server.privateKey === undefined)) {
    problems.push({ path: '/server', message: 'Exactly one of password and privateKey.' });
  }
  problems.push(
    ...clearTextProblem('/server/password', server.password),
    ...clearTextProblem('/server/privateKey', server.privateKey),
    ...clearTextProblem('/server/passphrase', server.passphrase),
  );
  return problems;
}

const climbs = (path: string): boolean => path.split('/').some((step) => step === '..' || step === '.');

/** Folder part of `to`, without the first slash; empty for the login folder itself. */
export function folderOf(to: string): string {
  const slash = to.indexOf('/');
  return slash < 0 ? '' : to.slice(slash + 1);
}

// Declares the `file` block of a flow: its type, and the rules that its schema (schema.ts) cannot express. Pure.
// Invariant: no path leaves its folder, every file has its own name; the transport checks the server's settings (transport.ts).
import { problemIf, type SettingsProblem } from '../contract.ts';
import { lineProblems, type LineSettings } from './line-settings.ts';
import { climbs, fillName, inPieces, patternProblems, type NameFacts } from './names.ts';
import { packedName, packingProblems, type PackingSettings } from './packing/settings.ts';
import { scheduleProblem } from './schedule.ts';
import { serverProblems, type FlowServer } from './transports.ts';

export type ControlField = 'seq' | 'rows' | 'sha256' | 'name' | 'size';

export interface FlowSettings extends PackingSettings {
  readonly name: string;
  readonly to: string;
  readonly server: FlowServer;
  readonly schedule: { readonly cron: string; readonly timezone?: string; readonly late?: string };
  readonly empty?: 'skip' | 'header';
  readonly mode?: 'new' | 'full';
  readonly guard?: { readonly shrink?: number; readonly fewest?: number };
  readonly control?: { readonly sidecar: string; readonly fields?: readonly ControlField[] };
  readonly ack?: { readonly path: string; readonly within?: string; readonly lines?: LineSettings };
  readonly tempSuffix?: string;
  readonly marker?: string;
}

export const controlFields: readonly ControlField[] = ['seq', 'rows', 'sha256'];
export const timezoneOf = (settings: FlowSettings): string => settings.schedule.timezone ?? 'Europe/Paris';

/** Case does not count: some servers ignore it, and one file would then overwrite the other. */
const isSame = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && a.toLowerCase() === b?.toLowerCase();

export function checkFlowSettings(settings: FlowSettings): readonly SettingsProblem[] {
  const schedule = scheduleProblem(settings.schedule.cron, timezoneOf(settings));
  const temp = settings.tempSuffix ?? '.part';
  return [
    ...patternProblems(settings.name).map((message) => ({ path: '/name', message })),
    ...nameProblems(settings),
    ...problemIf(!/\{seq(:\d+)?\}/.test(settings.name), '/name', [
      'Le nom a besoin de {seq} : deux fichiers n’ont jamais le même nom.',
      'The name needs {seq}: two files must never have the same name.',
    ]),
    ...lineProblem(settings.to, '/to'),
    ...problemIf(!settings.to.startsWith('mailto:') && climbs(folderOf(settings.to)), '/to', [
      'Le chemin d’un dossier ne contient ni « . » ni « .. ».',
      'A folder cannot hold . or .. steps.',
    ]),
    ...(schedule === undefined ? [] : [{ path: '/schedule', message: schedule }]),
    ...problemIf(isSame(settings.control?.sidecar, temp), '/control/sidecar', [
      'Le fichier de contrôle a une autre fin de nom que tempSuffix.',
      'The control file needs another suffix than tempSuffix.',
    ]),
    ...problemIf(settings.guard !== undefined && settings.mode !== 'full', '/guard', [
      'Une garde (guard) surveille des fichiers qui contiennent tous les leads en cours : écrivez mode: full, ou retirez-la.',
      'A guard watches files that hold every current lead: write mode: full, or leave it out.',
    ]),
    ...packingProblems(settings),
    ...ackProblems(settings),
    ...markerProblems(settings),
    ...serverProblems(settings.server, settings),
  ];
}

/** Characters of a name that the log keeps, and bytes that file systems do. */
const mostOfName = { characters: 200, bytes: 255 };

/** Facts that make the shortest name: a version in force whose names fit must not be refused. */
const shortest: NameFacts = {
  client: 'c',
  destination: 'd',
  batch: { sequence: 1, slot: new Date(0) },
  timezone: 'UTC',
};

/** Judged as it will be written: a placeholder may bring a dot, and length. */
function nameProblems(settings: FlowSettings): readonly SettingsProblem[] {
  const { control, marker, tempSuffix = '.part' } = settings;
  const name = packedName(fillName(settings.name, shortest), settings);
  // The control file too is written under a temporary name.
  const bytes = Buffer.byteLength(name + (control?.sidecar ?? '') + (marker ?? tempSuffix));
  return [
    ...lineProblem(settings.name, '/name'),
    ...problemIf(/[/\\]/.test(settings.name) || name.startsWith('.'), '/name', [
      'Un nom de fichier n’a pas de / et ne commence pas par un point.',
      'A file name has no / and does not begin with a dot.',
    ]),
    ...problemIf(name.length > mostOfName.characters || bytes > mostOfName.bytes, '/name', [
      `Rempli, le nom dépasse ${mostOfName.characters} caractères, ou ${mostOfName.bytes} octets avec ce qui s’y ajoute.`,
      `Filled, the name passes ${mostOfName.characters} characters, or ${mostOfName.bytes} bytes with what is added to it.`,
    ]),
  ];
}

/** A line end in a path would begin another command of FTP. */
const lineProblem = (text: string, path: string): readonly SettingsProblem[] =>
  problemIf(/[\p{Cc}\u2028\u2029]/u.test(text), path, [
    'Un nom ou un chemin tient sur une ligne, sans caractère de contrôle.',
    'A name or a path is one line without control characters.',
  ]);

function ackProblems({ ack }: FlowSettings): readonly SettingsProblem[] {
  if (ack === undefined) return [];
  const { path, lines } = ack;
  return [
    ...patternProblems(path, lines === undefined ? [] : ['piece']).flatMap((message) =>
      problemIf(
        true,
        '/ack/path',
        lines === undefined && inPieces(path)
          ? [`${message[0]} {piece} va avec ack.lines.`, `${message[1]} {piece} needs ack.lines.`]
          : message,
      ),
    ),
    ...problemIf(!/\{seq(:\d+)?\}/.test(path), '/ack/path', [
      'Le chemin a besoin de {seq} : une réponse appartient à un seul fichier.',
      'The path needs {seq}: an answer must belong to one file.',
    ]),
    ...lineProblem(path, '/ack/path'),
    ...problemIf(climbs(path), '/ack/path', [
      'Un chemin ne contient ni « . » ni « .. ».',
      'A path cannot hold . or .. steps.',
    ]),
    ...(lines === undefined ? [] : lineProblems(lines, '/ack/lines')),
  ];
}

function markerProblems({ marker, tempSuffix, control }: FlowSettings): readonly SettingsProblem[] {
  if (marker === undefined) return [];
  return [
    ...problemIf(tempSuffix !== undefined, '/marker', [
      'Un marqueur (marker) est pour les serveurs qui interdisent de renommer : retirez tempSuffix, rien n’est renommé.',
      'A marker is for servers that forbid renaming: leave tempSuffix out, nothing is renamed.',
    ]),
    ...problemIf(tempSuffix === undefined && isSame(marker, control?.sidecar), '/marker', [
      'Le marqueur (marker) a une autre fin de nom que le fichier de contrôle.',
      'The marker needs another suffix than the control file.',
    ]),
  ];
}

/** Folder part of `to`, without the first slash; empty for the login folder itself. */
export function folderOf(to: string): string {
  const slash = to.indexOf('/');
  return slash < 0 ? '' : to.slice(slash + 1);
}

// The flow connector: one batch is one file, under its final name on a server or in a folder, or attached to a mail.
// Invariant: the place is authorised before a socket opens. `accepted` means that the file has its final name and the size
// that was sent, as seen after the rename; the `ack` file reports what the recipient did with it.
import {
  defineConnector,
  type BatchFacts,
  type Composed,
  type Outcome,
  type Parcel,
  type SendContext,
  type Tested,
  type Answer,
} from '../contract.ts';
import { certificateExpiry } from '../access/tls.ts';
import { pgpExpiry } from '../openpgp.ts';
import { contentOfText } from './content.ts';
import { flowDrafting } from './draft.ts';
import { readAt, comparedAt, type Content, type Drop } from './drop.ts';
import { ackHead, itemAnswers } from './item-answers.ts';
import { comparablePattern, fillName } from './names.ts';
import { uploadOutcome } from './outcome.ts';
import { uploadMarked } from './marked.ts';
import { packedContent, sealingKeys } from './packing/content.ts';
import { packedAgain, packedName, packedType, packingHead } from './packing/settings.ts';
import { flowDials, flowPlaces, flowSecretNames, flowTargets } from './places.ts';
import { atDrop, mayReach } from './reached.ts';
import { flowSettingsSchema } from './schema.ts';
import {
  checkFlowSettings,
  controlFields,
  folderOf,
  timezoneOf,
  type ControlField,
  type FlowSettings,
} from './settings.ts';
import { flowStandIn } from './stand-in.ts';
import { handOverOf, isLocal, pathAt, transportOf, transports } from './transports.ts';
import { pathIn, upload, type UploadProgress, type Upload } from './upload.ts';
import { flowWords } from './words.ts';

export { lastSlotBefore, nextSlot } from './schedule.ts';

const maxAckBytes = 1024 * 1024;

/**
 * Reads the recipient's acknowledgement of a file as an answer. At most `maxAckBytes` are read, whatever size the
 * recipient announces.
 */
async function readAck(
  drop: Drop,
  filled: string,
  settings: FlowSettings,
): Promise<{ readonly answer: Answer; readonly bytes: number } | 'TOO_LARGE' | undefined> {
  const path = pathAt(settings.server, filled);
  const size = await drop.size(path);
  if (size === undefined) return undefined;
  if (size > maxAckBytes) return 'TOO_LARGE';
  // The recipient announces the size, so it is not trusted.
  const read = await readAt(drop, path, maxAckBytes);
  if (read === 'longer') return 'TOO_LARGE';
  const text = new TextDecoder('utf-8').decode(read);
  return {
    answer: { status: 200, headers: {}, mediaType: mediaTypeOf(filled), text, truncated: false },
    bytes: read.length,
  };
}

function mediaTypeOf(path: string): string {
  if (path.endsWith('.json')) return 'application/json';
  return path.endsWith('.xml') ? 'application/xml' : 'text/csv';
}

export const flow = defineConnector<FlowSettings>({
  type: 'flow',
  label: 'File flow (SFTP, FTPS, HTTPS, S3, mail)',
  settingsSchema: flowSettingsSchema,
  settingsKey: 'file',
  addressKey: 'to',
  lookupKey: 'ack',
  actions: ['create', 'update', 'erase'],
  maxItems: 5000,
  makesCalls: false,
  formats: ['csv', 'xml', 'json'],
  sheet: false,
  answers: 'connector',
  protocol: 'sftp',
  targetKind: ({ server }) => (handOverOf(server) === undefined ? 'folders' : 'mailboxes'),
  noFinancial: ({ server }) => handOverOf(server)?.way,
  atMost: ({ server }) => handOverOf(server)?.atMost(server),
  unaskable: ({ server }) => handOverOf(server)?.unaskable,
  check: checkFlowSettings,
  doubts: ({ server }) => transportOf(server).doubts?.(server) ?? [],
  inClear: ({ server }) => transportOf(server).inClear?.(server) ?? [],
  targets: flowTargets,
  dials: flowDials,
  ownFolders: ({ server }) => (isLocal(server) ? [server.folder] : []),
  places: flowPlaces,
  fileNames: (settings, own) =>
    handOverOf(settings.server) === undefined
      ? flowPlaces(settings, (text) => text).map(
          (place) => `${place}/${packedName(comparablePattern(settings.name, own), settings)}`,
        )
      : [],
  secretNames: flowSecretNames,
  expiries: async ({ server, openpgp }, secret, now) => [
    ...certificateExpiry(transportOf(server).tls?.(server), secret),
    ...(await pgpExpiry(openpgp, secret, now)),
  ],
  words: flowWords,
  drafting: flowDrafting,
  standIn: flowStandIn,
  settingsAgain: packedAgain,
  compose,
  send,
  lookup,
  itemAnswers,
  test,
  close: async () => {
    for (const { handOver } of transports) await handOver?.close();
  },
  load: () =>
    Promise.all([
      import('openpgp'),
      import('nodemailer/lib/mail-composer'),
      import('nodemailer/lib/smtp-connection'),
      ...transports.map(async (one) => await one.load?.()),
    ]),
});

function compose(parcel: Parcel, settings: FlowSettings): Composed {
  const batch = parcel.batch ?? { sequence: 0, slot: parcel.writtenAt, rows: parcel.items.length };
  const fileName = nameOf(parcel, batch, settings);
  const sidecar = settings.control === undefined ? undefined : fileName + settings.control.sidecar;
  const targets = flowTargets(settings);
  const handOver = handOverOf(settings.server);
  return {
    content: parcel.body.bytes,
    target: targets.join(', '),
    targetKeys: targets,
    head: [
      ...(handOver === undefined
        ? [`${settings.to}/${fileName}`]
        : [
            ...handOver.head({ parcel, batch, name: fileName, targets }, settings.server),
            `attachment: ${fileName}`,
          ]),
      `content-type: ${parcel.body.mediaType}`,
      `size: ${parcel.body.long?.size ?? parcel.body.bytes.length}`,
      `rows: ${batch.rows}`,
      ...packingHead(settings),
      ...(sidecar === undefined ? [] : [`control file: ${sidecar}`]),
      ...(settings.marker === undefined ? [] : [`marker: ${fileName}${settings.marker}`]),
      ...ackHead(parcel, batch, settings),
    ],
    fileName,
  };
}

async function send(parcel: Parcel, settings: FlowSettings, context: SendContext): Promise<Outcome> {
  const { batch } = parcel;
  if (batch === undefined) return { kind: 'invalid', reason: 'BATCH_MISSING' };
  const name = nameOf(parcel, batch, settings);
  const sealing = await sealingKeys(settings, context);
  if (!sealing.ok) return { kind: 'unauthorized', reason: sealing.reason };
  const content = packedContent(parcel, name, settings, context, sealing.keys);
  const sidecar = sidecarOf(content, batch, settings, name);
  const handOver = handOverOf(settings.server);
  if (handOver !== undefined) {
    if (!mayReach(settings, context)) return { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
    const mediaType = packedType(parcel.body.mediaType, settings);
    const file = { parcel, batch, name, targets: flowTargets(settings), mediaType, content };
    const whole = { ...file, ...(sidecar === undefined ? {} : { sidecar }) };
    return await handOver.send(whole, settings.server, context);
  }
  const work: Upload = {
    folder: placeOf(settings),
    name,
    content,
    tempSuffix: settings.tempSuffix ?? '.part',
    sidecar,
  };
  let progress: UploadProgress = 'nothing';
  return await atDrop(
    settings,
    context,
    () => progress,
    async (drop, seen) => {
      const note = (now: UploadProgress): UploadProgress => (progress = now);
      const { marker } = settings;
      const result = await (marker === undefined
        ? upload(drop, work, note)
        : uploadMarked(drop, work, { suffix: marker, isFirst: batch.fileName === undefined }, note));
      return uploadOutcome(result, progress, settings.ack !== undefined, seen());
    },
  );
}

/** Looks up the file, and reads the recipient's acknowledgement when the mapping names one. */
async function lookup(parcel: Parcel, settings: FlowSettings, context: SendContext): Promise<Outcome> {
  const { batch } = parcel;
  if (batch === undefined) return { kind: 'invalid', reason: 'BATCH_MISSING' };
  const name = nameOf(parcel, batch, settings);
  const file = pathIn(placeOf(settings), name);
  const content = packedContent(parcel, name, settings, context);
  return await atDrop(
    settings,
    context,
    () => 'nothing',
    async (drop, seen) => {
      if (settings.ack !== undefined && settings.ack.lines === undefined) {
        const said = await readAck(
          drop,
          fillName(settings.ack.path, { ...parcel, batch, timezone: timezoneOf(settings) }),
          settings,
        );
        if (said === 'TOO_LARGE') return { kind: 'unknown', reason: 'ANSWER_TOO_LARGE', evidence: seen() };
        if (said !== undefined) {
          return {
            ...(await context.classify(said.answer, 'lookup')),
            evidence: { ...seen(), answerBytes: said.bytes },
          };
        }
      }
      const standing = await whatStands(drop, file, content, settings);
      if (standing === 'other') return { kind: 'refused', reason: 'NAME_TAKEN', evidence: seen() };
      // Recipients remove files before they answer: an absent file is no proof that it never arrived.
      if (settings.ack !== undefined) return { kind: 'pending', evidence: seen() };
      if (standing === 'whole') return { kind: 'accepted', evidence: seen() };
      return standing === 'unfinished'
        ? { kind: 'absent', evidence: seen() }
        : { kind: 'unknown', reason: 'FILE_NOT_SEEN', evidence: seen() };
    },
  );
}

async function test(settings: FlowSettings, context: SendContext): Promise<Tested> {
  const handOver = handOverOf(settings.server);
  if (handOver !== undefined)
    return mayReach(settings, context)
      ? await handOver.test(settings.server, context)
      : { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
  return await atDrop(
    settings,
    context,
    () => 'nothing',
    async (drop, seen) =>
      (await drop.isFolder(placeOf(settings) || '.'))
        ? { kind: 'accepted', evidence: seen() }
        : { kind: 'unauthorized', reason: 'FOLDER_MISSING', evidence: seen() },
  );
}

function nameOf(parcel: Parcel, batch: BatchFacts, settings: FlowSettings): string {
  const { fileName } = batch;
  return (
    fileName ??
    packedName(fillName(settings.name, { ...parcel, batch, timezone: timezoneOf(settings) }), settings)
  );
}

function sidecarOf(
  data: Content,
  batch: BatchFacts,
  { control }: FlowSettings,
  name: string,
): Upload['sidecar'] {
  if (control === undefined) return undefined;
  const values: Readonly<Record<ControlField, () => string | Promise<string>>> = {
    seq: () => String(batch.sequence),
    rows: () => String(batch.rows),
    sha256: async () => (await data.digest()).toString('hex'),
    name: () => name,
    size: async () => String(await data.size()),
  };
  return {
    name: name + control.sidecar,
    content: async () => {
      let text = '';
      for (const field of control.fields ?? controlFields) text += `${field}=${await values[field]()}\n`;
      return contentOfText(text);
    },
  };
}

const placeOf = ({ to, server }: FlowSettings): string => pathAt(server, folderOf(to));

/** `unfinished`: the recipient has not seen it. `nothing`: it, or its marker, never came or was removed. */
type Standing = 'whole' | 'other' | 'unfinished' | 'nothing';

/**
 * Looks up the state of a file at the recipient. A file counts only when the recipient takes it as whole: under
 * its final name, or with its marker where renaming is forbidden.
 */
async function whatStands(
  drop: Drop,
  file: string,
  content: Content,
  { marker, tempSuffix = '.part' }: Pick<FlowSettings, 'marker' | 'tempSuffix'>,
): Promise<Standing> {
  if (marker !== undefined && (await drop.size(file + marker)) === undefined)
    return await unmarked(drop, file, content);
  const at = await sameAt(drop, file, content);
  if (at === 'other') return 'other';
  if (at === 'same' || marker !== undefined) return 'whole';
  if (drop.appearsWhole === true) return 'nothing';
  // Only the rename removes the temporary file.
  return (await drop.size(file + tempSuffix)) === undefined ? 'nothing' : 'unfinished';
}

/** A recipient that removes the marker first leaves the whole file: another marker would have it read twice. */
async function unmarked(drop: Drop, file: string, content: Content): Promise<Standing> {
  if (content.isGone) return 'nothing';
  return (await comparedAt(drop, file, content)) === 'beginning' ? 'unfinished' : 'nothing';
}

/** Erased bytes cannot be compared: the file has its final name only once it was whole. */
async function sameAt(drop: Drop, file: string, content: Content): Promise<'nothing' | 'same' | 'other'> {
  if (content.isGone) return (await drop.size(file)) === undefined ? 'nothing' : 'same';
  const found = await comparedAt(drop, file, content);
  return found === 'beginning' ? 'other' : found;
}

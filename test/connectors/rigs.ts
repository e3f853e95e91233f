// One rig per connector for the conformance suite: a real recipient on loopback, settings that reach it, and the ways
// it can misbehave. The suite knows nothing of HTTP, SMTP or SFTP.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import type { Answer, Connector, Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { connectorOf } from '../../connectors/index.ts';
import { certificateFor } from './servers/certificate.ts';
import { accept, startHttpRecipient } from './servers/http.ts';
import type { Received } from './servers/http.ts';
import { sftpUser, startSftpRecipient } from './servers/sftp.ts';
import { smtpUser, startSmtpRecipient } from './servers/smtp.ts';

export interface Rig {
  readonly connector: Connector;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly target: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** PEM the recipient's certificate is verified with; absent for SSH. */
  readonly ca?: string;
  /** Outcome kind of a recipient that behaves. */
  readonly good: Outcome['kind'];
  /** Settings with a wrong pin, for recipients without certificate. */
  readonly wrongIdentity?: Readonly<Record<string, unknown>>;
  readonly identityReason: string;
  /** Settings that would travel in clear; undefined when the protocol cannot. */
  readonly plaintext?: () => Promise<{
    readonly settings: Readonly<Record<string, unknown>>;
    readonly close: () => Promise<void>;
    readonly received: () => number;
  }>;
  readonly connections: () => number;
  /** Connections the recipient holds open now. */
  readonly openNow: () => Promise<number>;
  /** Stable keys of what arrived, in order. */
  readonly arrivedKeys: () => readonly string[];
  readonly misbehave: (how: 'cutBefore' | 'cutAfter' | 'hangBefore' | 'hangAfter' | 'refuse') => void;
  /** The recipient takes no password any more. */
  readonly badSecrets: Readonly<Record<string, string>>;
  readonly authReason: string;
  /** By name, the last waits of a send before something leaves: `during` is called once, when the recipient keeps it waiting there. */
  readonly waits: Readonly<Record<string, (during: () => void) => void>>;
  /** What stands at the recipient under any name. */
  readonly bytesKept?: () => number;
  readonly recover: () => void;
  readonly close: () => Promise<void>;
}

/** The wait before the first byte of a file whose name appears with its opening. */
export const opening = 'the opening of the file';

export const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

export function parcelOf(over: Partial<Parcel> = {}): Parcel {
  return {
    client: 'horizon',
    clientName: 'Horizon Promotion',
    destination: 'horizon-crm',
    action: 'create',
    items: [{ deliveryId: 7, key: 'dlv_7f3a', idempotencyKey: 'dlv_7f3a', leadReference: 'L-2026-0007' }],
    body: {
      bytes: Buffer.from('{"nom":"MARTIN","prenom":"Zoé"}', 'utf8'),
      mediaType: 'application/json',
      extension: 'json',
    },
    sheet: [
      {
        title: 'Contact',
        lines: [
          { label: 'Nom', value: 'MARTIN' },
          { label: 'Opt-in e-mail', value: 'OUI', emphasis: true },
        ],
      },
    ],
    title: 'Programme HZ-LYON',
    batch: { sequence: 42, slot: new Date('2026-11-20T12:00:00Z'), rows: 1 },
    writtenAt: new Date('2026-11-20T11:59:30Z'),
    ...over,
  };
}

/** As many bytes as `sendInPieces` sends. */
export const bytesInPieces = 40 * 256 * 1024;

/**
 * Sends a content whose pieces together last twice as long as the attempt may; a machine that is too slow for one of them gets longer
 * limits, and the pieces longer pauses.
 */
export async function sendInPieces(
  send: (long: NonNullable<Parcel['body']['long']>, timeouts: SendContext['timeouts']) => Promise<Outcome>,
): Promise<Outcome> {
  const piece = Buffer.alloc(bytesInPieces / 40, 'abcdefgh');
  for (let limitMs = 1_000; ; limitMs *= 4) {
    const long = {
      size: bytesInPieces,
      async *read(): AsyncGenerator<Uint8Array> {
        for (let index = 0; index < 40; index += 1) {
          await new Promise((resolve) => setTimeout(resolve, limitMs / 20));
          yield piece;
        }
      },
    };
    const outcome = await send(long, { connectMs: limitMs, responseMs: limitMs, totalMs: limitMs });
    if (outcome.kind === 'accepted' || limitMs > 10_000) return outcome;
  }
}

/** Accepts on `{"success":true}`, as a mapping's rules would. */
export async function classify(answer: Answer): Promise<Outcome> {
  await Promise.resolve();
  if (answer.status === 401) return { kind: 'unauthorized', reason: 'HTTP_401' };
  if (answer.text.includes('"success":true')) return { kind: 'accepted', reference: 'CRM-1' };
  return { kind: 'unknown', reason: 'NO_RULE' };
}

export function contextOf(
  rig: Pick<Rig, 'secrets' | 'target' | 'ca'>,
  over: Partial<SendContext> = {},
): SendContext {
  return {
    classify,
    secret: (name) => rig.secrets[name],
    secrets: (name) => (rig.secrets[name] === undefined ? [] : [rig.secrets[name]]),
    allowedTargets: [rig.target],
    network: {
      allowedRanges: ['127.0.0.0/8'],
      allowPlaintext: false,
      ...(rig.ca === undefined ? {} : { extraCa: rig.ca }),
    },
    timeouts: { connectMs: 2_000, responseMs: 2_000, totalMs: 4_000 },
    signal: new AbortController().signal,
    mayLeave: () => true,
    now: () => Date.parse('2026-11-20T12:00:00Z'),
    ...over,
  };
}

function connector(type: string): Connector {
  const found = connectorOf(type);
  if (found === undefined) throw new Error(`no connector ${type}`);
  return found;
}

export async function webhookRig(): Promise<Rig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const recipient = await startHttpRecipient(certificate);
  const secrets = {
    TOKEN: 'jeton-tres-secret',
    SIGN: `whsec_${Buffer.from('cle-de-signature-de-24-o').toString('base64')}`,
  };
  const settingsAt = (scheme: string, port: number) => ({
    url: `${scheme}://localhost:${port}/api/leads`,
    auth: { bearer: 'secret:TOKEN' },
    signature: { standard: 'secret:SIGN' },
  });
  const hung: { close: () => void }[] = [];
  recipient.answer = authenticated;
  function authenticated(request: Received, response: ServerResponse): void {
    if (request.headers.authorization !== `Bearer ${secrets.TOKEN}`)
      response.writeHead(401).end('Bonjour Zoe Martin');
    else accept(request, response);
  }
  return {
    connector: connector('webhook'),
    settings: settingsAt('https', recipient.port),
    target: 'localhost',
    secrets,
    ca: certificate.cert,
    good: 'accepted',
    identityReason: 'TLS_CERTIFICATE',
    async plaintext() {
      const plain = await startHttpRecipient();
      return {
        settings: settingsAt('http', plain.port),
        close: plain.close,
        received: () => plain.connections(),
      };
    },
    connections: recipient.connections,
    openNow: recipient.openNow,
    arrivedKeys: () =>
      recipient.received.map(
        (one) => `${String(one.headers['idempotency-key'])} ${String(one.headers['webhook-id'])}`,
      ),
    misbehave(how) {
      if (how === 'cutBefore') recipient.cutAtOnce = true;
      if (how === 'cutAfter') recipient.answer = (_request, response) => response.socket?.destroy();
      if (how === 'hangAfter')
        recipient.answer = (_request, response) => void hung.push({ close: () => response.destroy() });
      if (how === 'refuse')
        recipient.answer = (_request, response) => void response.writeHead(422).end('Bonjour Zoe Martin');
      if (how === 'hangBefore') recipient.hangAtOnce = true;
    },
    badSecrets: { ...secrets, TOKEN: 'perime' },
    authReason: 'HTTP_401',
    waits: { 'the TLS handshake': (during) => (recipient.atDoor = during) },
    recover() {
      recipient.atDoor = () => undefined;
      recipient.cutAtOnce = false;
      recipient.hangAtOnce = false;
      recipient.answer = authenticated;
      recipient.received.length = 0;
      for (const one of hung.splice(0)) one.close();
    },
    close: recipient.close,
  };
}

export async function emailRig(): Promise<Rig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const recipient = await startSmtpRecipient(certificate);
  const settingsAt = (port: number) => ({
    to: 'leads@horizon.example',
    from: 'Relais <relais@centre.example>',
    smtp: { host: 'localhost', port, user: smtpUser.user, password: 'secret:SMTP' },
    attachment: 'json',
  });
  const secrets = { SMTP: smtpUser.password };
  return {
    connector: connector('email'),
    settings: settingsAt(recipient.port),
    target: 'leads@horizon.example',
    secrets,
    ca: certificate.cert,
    good: 'unconfirmed',
    identityReason: 'TLS_CERTIFICATE',
    async plaintext() {
      const plain = await startSmtpRecipient(undefined);
      return { settings: settingsAt(plain.port), close: plain.close, received: () => plain.received.length };
    },
    connections: recipient.connections,
    openNow: recipient.openNow,
    arrivedKeys: () =>
      recipient.received.map((mail) => /^Message-ID: (.*)$/im.exec(mail.raw.toString())?.[1]?.trim() ?? ''),
    misbehave(how) {
      if (how === 'cutBefore') recipient.faults = { connect: 'reset' };
      if (how === 'hangBefore') recipient.faults = { connect: 'hang' };
      if (how === 'cutAfter') recipient.faults = { content: 'reset' };
      if (how === 'hangAfter') recipient.faults = { content: 'hang' };
      if (how === 'refuse') recipient.faults = { recipient: () => 550 };
    },
    badSecrets: { SMTP: 'perime' },
    authReason: 'SMTP_535',
    waits: { 'the go-ahead after DATA': (during) => (recipient.beforeGoAhead = during) },
    recover() {
      recipient.beforeGoAhead = () => undefined;
      recipient.atPiece = () => undefined;
      recipient.faults = {};
      recipient.received.length = 0;
    },
    close: recipient.close,
  };
}

export async function flowRig(): Promise<Rig> {
  const root = mkdtempSync(join(tmpdir(), 'relais-sftp-'));
  mkdirSync(join(root, 'in'));
  const recipient = await startSftpRecipient(root);
  const settings = {
    name: 'LEADS_{date:yyyyMMdd}_{seq:6}.csv',
    to: 'sftp:horizon/in',
    server: {
      host: 'localhost',
      port: recipient.port,
      user: sftpUser.user,
      password: 'secret:SFTP',
      hostKey: recipient.hostKey,
    },
    schedule: { cron: '0 7,13,19 * * 1-6' },
    control: { sidecar: '.ctl' },
  };
  const secrets = { SFTP: sftpUser.password };
  return {
    connector: connector('flow'),
    settings,
    target: 'sftp:horizon/in',
    secrets,
    good: 'accepted',
    wrongIdentity: { ...settings, server: { ...settings.server, hostKey: `SHA256:${'A'.repeat(43)}` } },
    identityReason: 'HOST_KEY_MISMATCH',
    connections: recipient.connections,
    openNow: recipient.openNow,
    arrivedKeys: () => readdirSync(join(root, 'in')).filter((name) => name.endsWith('.csv')),
    bytesKept: () => bytesIn(join(root, 'in')),
    misbehave(how) {
      if (how === 'cutBefore') recipient.atConnect = 'reset';
      if (how === 'hangBefore') recipient.atConnect = 'hang';
      if (how === 'cutAfter') recipient.fault = (step) => (step === 'renamed' ? 'reset' : undefined);
      if (how === 'hangAfter') recipient.fault = (step) => (step === 'renamed' ? 'hang' : undefined);
      if (how === 'refuse') recipient.fault = (step) => (step === 'open' ? 3 : undefined);
    },
    badSecrets: { SFTP: 'perime' },
    authReason: 'SFTP_AUTH',
    waits: {
      [opening]: (during) => (recipient.fault = (step) => void (step === 'open' && during())),
      'the writing of the file': (during) =>
        (recipient.fault = (step) => void (step === 'write' && during())),
    },
    recover() {
      recipient.atConnect = 'serve';
      recipient.fault = () => undefined;
      recipient.log.length = 0;
      for (const name of readdirSync(join(root, 'in'))) rmSync(join(root, 'in', name));
    },
    async close() {
      await recipient.close();
      rmSync(root, { recursive: true });
    },
  };
}

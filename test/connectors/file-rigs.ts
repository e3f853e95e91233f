// Rigs of the flow's transports besides SFTP: a real recipient on loopback each, and the ways it can misbehave.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flow } from '../../connectors/flow/index.ts';
import { startFtps, type FtpsFault, type FtpsStep } from '../../sandbox/recipients/ftps.ts';
import { bytesIn, opening, type Rig } from './rigs.ts';
import { certificateFor } from './servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from './servers/smtp.ts';
import { startFileRecipient } from './servers/files.ts';
import type { FileRecipient } from './servers/files.ts';
import { s3Bucket, s3Keys, startS3Recipient } from './servers/s3.ts';
import type { S3Recipient } from './servers/s3.ts';

/** What every file of these rigs has. */
export const fileSettings = {
  name: 'LEADS_{date:yyyyMMdd}_{seq:6}.csv',
  schedule: { cron: '0 7,13,19 * * 1-6' },
  control: { sidecar: '.ctl' },
} as const;

const login = { user: 'relais', password: 'mot-de-passe-ftps' };

export interface FtpsRig extends Rig {
  readonly home: string;
  readonly log: string[];
  readonly cert: string;
  fault: (step: FtpsStep, path: string) => FtpsFault;
  unknown: readonly string[];
  passive: string | undefined;
}

export async function ftpsRig(encryption: 'explicit' | 'implicit'): Promise<FtpsRig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const home = mkdtempSync(join(tmpdir(), 'relais-ftps-'));
  mkdirSync(join(home, 'in'));
  const recipient = await startFtps({
    login,
    home,
    certificate,
    encryption,
    fault: (step, path) => rig.fault(step, path),
    unknown: () => rig.unknown,
    passive: () => rig.passive,
  });
  const settings = {
    ...fileSettings,
    to: 'ftps:horizon/in',
    server: {
      host: 'localhost',
      port: recipient.port,
      user: login.user,
      password: 'secret:FTPS',
      encryption,
    },
  };
  const rig: FtpsRig = {
    home,
    log: recipient.log,
    cert: certificate.cert,
    fault: () => undefined,
    unknown: [],
    passive: undefined,
    connector: flow,
    settings,
    target: 'ftps:horizon/in',
    secrets: { FTPS: login.password },
    ca: certificate.cert,
    good: 'accepted',
    identityReason: 'TLS_CERTIFICATE',
    connections: recipient.connections,
    openNow: () => Promise.resolve(recipient.openNow()),
    arrivedKeys: () => readdirSync(join(home, 'in')).filter((name) => name.endsWith('.csv')),
    bytesKept: () => bytesIn(join(home, 'in')),
    misbehave(how) {
      if (how === 'cutBefore') rig.fault = (step) => (step === 'connect' ? 'reset' : undefined);
      if (how === 'hangBefore') rig.fault = (step) => (step === 'connect' ? 'hang' : undefined);
      if (how === 'cutAfter') rig.fault = (step) => (step === 'renamed' ? 'reset' : undefined);
      if (how === 'hangAfter') rig.fault = (step) => (step === 'renamed' ? 'hang' : undefined);
      if (how === 'refuse') rig.fault = (step) => (step === 'open' ? 553 : undefined);
    },
    badSecrets: { FTPS: 'perime' },
    authReason: 'FTPS_AUTH',
    waits: {
      [opening]: (during) => (rig.fault = (step) => void (step === 'open' && during())),
      'the answer to the whole file': (during) =>
        (rig.fault = (step) => void (step === 'stored' && during())),
    },
    recover() {
      rig.fault = () => undefined;
      recipient.log.length = 0;
      for (const name of readdirSync(join(home, 'in'))) rmSync(join(home, 'in', name));
    },
    async close() {
      await recipient.close();
      rmSync(home, { recursive: true });
    },
  };
  return rig;
}

export interface S3Rig extends Rig {
  readonly recipient: S3Recipient;
}

export async function s3Rig(): Promise<S3Rig> {
  const certificate = await certificateFor('localhost', '127.0.0.1', `${s3Bucket}.localhost`);
  const recipient = await startS3Recipient(certificate);
  return {
    recipient,
    connector: flow,
    settings: {
      ...fileSettings,
      to: 's3:horizon/in',
      server: {
        bucket: s3Bucket,
        region: 'eu-west-3',
        endpoint: `https://localhost:${recipient.port}`,
        addressing: 'path',
        accessKeyId: 'secret:S3_KEY',
        secretAccessKey: 'secret:S3_SECRET',
      },
    },
    target: 's3:horizon/in',
    secrets: { S3_KEY: s3Keys.accessKeyId, S3_SECRET: s3Keys.secretAccessKey },
    ca: certificate.cert,
    good: 'accepted',
    identityReason: 'TLS_CERTIFICATE',
    connections: recipient.connections,
    openNow: () => Promise.resolve(recipient.openNow()),
    arrivedKeys: () => [...recipient.objects.keys()].filter((name) => name.endsWith('.csv')),
    misbehave(how) {
      if (how === 'cutBefore') recipient.fault = (step) => (step === 'connect' ? 'reset' : undefined);
      if (how === 'hangBefore') recipient.fault = (step) => (step === 'asked' ? 'hang' : undefined);
      if (how === 'cutAfter') recipient.fault = (step) => (step === 'stored' ? 'reset' : undefined);
      if (how === 'hangAfter') recipient.fault = (step) => (step === 'stored' ? 'hang' : undefined);
      if (how === 'refuse')
        recipient.fault = (step) => (step === 'put' ? { status: 403, code: 'AccessDenied' } : undefined);
    },
    badSecrets: { S3_KEY: s3Keys.accessKeyId, S3_SECRET: 'perime' },
    authReason: 'S3_AUTH',
    waits: {
      'the TLS handshake': (during) => (recipient.fault = (step) => void (step === 'connect' && during())),
      'the look whether it stands': (during) =>
        (recipient.fault = (step, key) => void (step === 'asked' && key !== '' && during())),
    },
    recover() {
      recipient.fault = () => undefined;
      recipient.objects.clear();
      recipient.log.length = 0;
    },
    close: recipient.close,
  };
}

export interface HttpsRig extends Rig {
  readonly recipient: FileRecipient;
}

export async function httpsRig(post?: { readonly field?: string }): Promise<HttpsRig> {
  const certificate = await certificateFor('localhost', '127.0.0.1');
  const recipient = await startFileRecipient(certificate);
  const base = `https://localhost:${recipient.port}`;
  const token = 'jeton-tres-secret';
  recipient.letsIn = (given) => given === token;
  return {
    recipient,
    connector: flow,
    settings: {
      ...fileSettings,
      to: 'https:horizon/in',
      server: {
        url: `${base}/files`,
        auth: { bearer: 'secret:FILES' },
        ...(post === undefined ? {} : { post: { url: `${base}/upload`, ...post } }),
      },
    },
    target: 'https:horizon/in',
    secrets: { FILES: token },
    ca: certificate.cert,
    good: 'accepted',
    identityReason: 'TLS_CERTIFICATE',
    connections: recipient.connections,
    openNow: () => Promise.resolve(recipient.openNow()),
    arrivedKeys: () => [...recipient.files.keys()].filter((name) => name.endsWith('.csv')),
    misbehave(how) {
      if (how === 'cutBefore') recipient.fault = (step) => (step === 'connect' ? 'reset' : undefined);
      if (how === 'hangBefore') recipient.fault = (step) => (step === 'asked' ? 'hang' : undefined);
      if (how === 'cutAfter') recipient.fault = (step) => (step === 'stored' ? 'reset' : undefined);
      if (how === 'hangAfter') recipient.fault = (step) => (step === 'stored' ? 'hang' : undefined);
      if (how === 'refuse') recipient.fault = (step) => (step === 'sent' ? 403 : undefined);
    },
    badSecrets: { FILES: 'perime' },
    authReason: 'HTTP_401',
    waits: {
      'the TLS handshake': (during) => (recipient.fault = (step) => void (step === 'connect' && during())),
      'the look whether it stands': (during) =>
        (recipient.fault = (step, path) =>
          void (step === 'asked' && !path.endsWith('relais-test') && during())),
    },
    recover() {
      recipient.fault = () => undefined;
      recipient.letsIn = (given) => given === token;
      recipient.files.clear();
      recipient.log.length = 0;
    },
    close: recipient.close,
  };
}

export interface MailedFileRig extends Rig {
  readonly recipient: SmtpRecipient;
}

/** The recipient answers under this name too, for whom it is dialled so. */
export const mailProvider = 'in-v3.mailjet.com';

export async function mailedFileRig(): Promise<MailedFileRig> {
  const certificate = await certificateFor('localhost', '127.0.0.1', mailProvider);
  const recipient = await startSmtpRecipient(certificate);
  const settingsAt = (port: number) => ({
    ...fileSettings,
    to: 'mailto:leads@horizon.example',
    server: {
      smtp: { host: 'localhost', port, user: smtpUser.user, password: 'secret:SMTP' },
      from: 'Relais <relais@centre.example>',
    },
  });
  return {
    recipient,
    connector: flow,
    settings: settingsAt(recipient.port),
    target: 'leads@horizon.example',
    secrets: { SMTP: smtpUser.password },
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
      recipient.received.map(
        ({ raw }) =>
          `${String(/^Message-ID: (.*)$/im.exec(raw.toString())?.[1]?.trim())} ${String(/filename=(\S+)/.exec(raw.toString())?.[1])}`,
      ),
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
